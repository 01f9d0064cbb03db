"""From a batch of claims to attempts: what each message says, as the tables are now."""

from __future__ import annotations

import time
from collections.abc import Sequence

from notify_cli import db, log
from notify_cli.errors import DeliveryError, TemporaryError
from notify_cli.platform import batch as tables_of
from notify_cli.sending import compose
from notify_cli.sending.attempt import Attempt
from notify_cli.sending.claims import Batch
from notify_cli.sending.run import Run


def render(
    connection: db.Connection, batch: Batch, run: Run
) -> tuple[list[Attempt], list[tuple[log.Claim, DeliveryError]]]:
    """The messages of a batch, and the claims for which none can be made, with the reason. Raises DatabaseError."""
    began = time.monotonic()
    deliveries = [claim.delivery for claim in batch.claims]
    tables = tables_of.load(connection, deliveries, run.settings, run.courses, now=run.now)
    attempts: list[Attempt] = []
    refused: list[tuple[log.Claim, DeliveryError]] = []
    for claim in batch.claims:
        useful_by = began + (claim.delivery.useful_until - tables.now).total_seconds()
        try:
            composed = compose.message(claim, tables, run.catalog, run.settings)
            attempts.append(Attempt(claim, composed, batch.send_by, useful_by))
        except DeliveryError as error:
            refused.append((claim, error))
        except Exception as error:  # noqa: BLE001 - one poisoned row must not stop the others
            fault = TemporaryError(f"this message cannot be rendered: {type(error).__name__}")
            refused.append((claim, fault))
    return attempts, refused


def freeze(connection: db.Connection, attempts: Sequence[Attempt], run: Run) -> list[Attempt]:
    """Put into the log what must be sent the same again; returns the attempts that may be sent. Raises DatabaseError.

    Not among them are those whose claim is lost, or whose version of a calendar another run has overtaken.
    """
    changed = {
        attempt.claim.reminder_id: attempt.composed.context
        for attempt in attempts
        if attempt.composed.context != attempt.claim.context
    }
    frozen = log.freeze(connection, list(changed.items()), token=run.token) if changed else frozenset()
    lost = changed.keys() - frozen
    return [attempt for attempt in attempts if attempt.claim.reminder_id not in lost]
