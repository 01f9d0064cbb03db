"""A baseline: what is due counts as done, without being sent. After a restore, on a clone, for a first day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from notify_cli import db, due
from notify_cli.log import baselines
from notify_cli.model import Delivery

# What is due by then, and would go out.
_VERDICTS = (*due.GOES_OUT, "not_due_yet")


def due_before(
    connection: db.Connection,
    policy: due.Policy,
    *,
    before: datetime | None = None,
    types: Collection[str] | None = None,
) -> list[Delivery]:
    """What is due before an aware time (None: by now) and would still go out, of these types. Raises DatabaseError."""
    ahead = timedelta() if before is None else max(timedelta(), before - datetime.now(UTC))
    found = due.find(connection, due.Window(within=ahead), policy, types=types, verdicts=_VERDICTS, free_only=False)
    deliveries = [candidate.delivery for candidate in found]
    return deliveries if before is None else [one for one in deliveries if one.due_at < before]


def count(connection: db.Connection, deliveries: list[Delivery]) -> list[Delivery]:
    """Count these as done, and return those that were counted: not what is being sent at this moment.

    Raises DatabaseError.
    """
    name = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    counted = set(baselines.write(connection, deliveries, name))
    return [one for one in deliveries if one.notification_key in counted]


def undo(connection: db.Connection, *, rehearsal: bool = False) -> int:
    """Take back the last baseline; returns how many messages are due again, or wait again. Raises DatabaseError."""
    return len(baselines.undo(connection, rehearsal=rehearsal))
