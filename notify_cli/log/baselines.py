"""Rows of the log for deliveries that count as done though nothing was sent, and how they are taken back."""

from __future__ import annotations

from collections.abc import Sequence

from notify_cli import db, keys, log, sql
from notify_cli.delivery import Delivery

_SQL = sql.Folder(__file__)
# What `log` and `explain` say of such a row.
REASON = "counted as done without being sent: notify baseline --undo takes it back"


def write(connection: db.Connection, deliveries: Sequence[Delivery], baseline: str) -> list[str]:
    """Count these deliveries as done, in one statement; `baseline` names all that are taken back together.

    Later names sort after earlier ones. Returns the notification keys that were counted: not those of what was sent
    already or is being sent at this moment. Raises DatabaseError.
    """
    if not deliveries:
        return []
    params = log.columns(deliveries) | {"reason": REASON, "baseline": baseline}
    return [row.notification_key for row in db.rows(connection, _SQL("count_as_done"), params)]


def undo(connection: db.Connection, *, rehearsal: bool = False) -> list[str]:
    """Take back what the last baseline counted, that of a rehearsal or not; returns the notification keys.

    Raises DatabaseError.
    """
    return [row.notification_key for row in db.rows(connection, _SQL("undo_count"), {"mark": keys.mark(rehearsal)})]
