"""From a batch of claims to attempts: what each message says, as the tables are now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from notify_cli import db, log
from notify_cli.calendars import table
from notify_cli.errors import DeliveryError, TemporaryError
from notify_cli.platform import batch as tables_of
from notify_cli.sending import compose
from notify_cli.sending.attempt import Attempt
from notify_cli.sending.claims import Batch
from notify_cli.sending.run import Run


class UnexpectedError(TemporaryError):
    """A message could not be made for a reason that nobody foresaw: a fault of ours, or a row like no other."""


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
            refused.append((claim, UnexpectedError(f"this message cannot be rendered: {type(error).__name__}")))
    return attempts, refused


def put_down(connection: db.Connection, attempts: Sequence[Attempt], run: Run) -> list[Attempt]:
    """Put into notify.calendars what calendars may hold from now on; returns the attempts that may be sent.

    Not among them are those whose calendar somebody else has written since it was read. Raises DatabaseError.
    """
    carrying = [attempt for attempt in attempts if attempt.composed.version is not None]
    if not carrying:
        return list(attempts)
    lease = timedelta(seconds=run.timeouts.hold) + run.timeouts.lease_margin
    versions = {attempt: attempt.composed.version.leased(lease) for attempt in carrying if attempt.composed.version}
    written = table.write(connection, [version.after for version in versions.values()])
    for attempt, version in versions.items():
        attempt.composed = replace(attempt.composed, version=version.written())
    lost = {attempt for attempt, version in versions.items() if version.after.key not in written}
    return [attempt for attempt in attempts if attempt not in lost]
