"""What is learned of emails after the run that sent them: the provider's records, and mail that came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """An email that waits for its retry, and may have gone out by one of `attempts`.

    No attempt was made before `since`.
    """

    reminder_id: int
    attempts: int
    user_id: int
    since: datetime


def in_doubt(connection: db.Connection) -> list[InDoubt]:
    """Emails whose last outcome is unknown, or whose run died, and that nobody is sending now. Raises DatabaseError."""
    return [InDoubt(*row) for row in db.rows(connection, _SQL("in_doubt"))]


def settle(
    connection: db.Connection,
    doubt: InDoubt,
    email: str,
    *,
    provider_message_id: str,
    sent_at: datetime,
    came_back: str | None,
) -> int:
    """Write what the provider tells of an email in doubt: `delivered`, or `bounced` for the reason `came_back`.

    `email` is where it went, as the platform has it. Returns 1, or 0 if a run has taken the row since.
    Raises DatabaseError.
    """
    params = {
        "reminder_id": doubt.reminder_id,
        "attempts": doubt.attempts,
        "status": "delivered" if came_back is None else "bounced",
        "came_back": came_back,
        "refused_at": email,
        "sent_at": sent_at,
        "provider_message_id": provider_message_id,
    }
    return db.execute(connection, _SQL("settle"), params)


def bounced(connection: db.Connection, readers: Mapping[int, str], at: datetime, words: str) -> int:
    """Note that mail came back at a time from the address of these readers, each by user_id; returns how many rows."""
    params = {"user_ids": list(readers), "emails": list(readers.values()), "at": at, "words": words}
    return db.execute(connection, _SQL("bounced"), params)
