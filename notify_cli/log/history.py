"""What was sent, or failed and why: reading reminders_log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from notify_cli import db, keys, sql
from notify_cli.delivery import Job, Status

_SQL = sql.Folder(__file__)
_NEVER = datetime.min.replace(tzinfo=UTC)


def entries(
    connection: db.Connection,
    *,
    since: timedelta | None = None,
    user_id: int | None = None,
    statuses: Sequence[str] | None = None,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """The log's rows, oldest first, as dictionaries of the columns of entries.sql.

    `since` looks back from now, `statuses` are those of the table, `most` keeps the newest. Raises DatabaseError.
    """
    params = {
        "now": None,
        "since": since,
        "user_id": user_id,
        "statuses": None if statuses is None else list(statuses),
        "most": most,
    }
    return [row._asdict() for row in db.rows(connection, _SQL("entries"), params)]


class Events(list[dict[str, Any]]):
    """What happened, oldest first, and in `older` how many more there are that are not told."""

    older: int = 0


def events(
    connection: db.Connection,
    *,
    since: datetime | None = None,
    user_id: int | None = None,
    group_id: int | None = None,
    statuses: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    job_pattern: str | None = None,
    most: int | None = None,
    now: datetime | None = None,
) -> Events:
    """What became of each delivery and when (`changed_at`, UTC), as dictionaries of the columns of events.sql.

    `statuses` are those of `display.words`, `job_pattern` is a glob over job ids, `most` keeps the newest. Raises
    DatabaseError.
    """
    params = {
        "now": now,
        "since": since,
        "user_id": user_id,
        "group_id": group_id,
        "statuses": None if statuses is None else list(statuses),
        "types": None if types is None else list(types),
        "job_pattern": None if job_pattern is None else keys.like(job_pattern),
        "most": most,
    }
    rows = [row._asdict() for row in db.rows(connection, _SQL("events"), params)]
    found = Events()
    found.older = rows[0]["all_rows"] - len(rows) if rows else 0
    for row in rows:
        row["changed_at"] = _changed_at(row)
    found += [row for row in rows if since is None or (row["changed_at"] and row["changed_at"] >= since)]
    found.sort(key=lambda row: (row["changed_at"] or _NEVER, row["reminder_id"] or 0))
    return found


def _changed_at(row: dict[str, Any]) -> datetime | None:
    """When the row came to be as it is: for one that failed or is tried again, its last attempt."""
    known: datetime | None = row["changed_at"]
    if row["status"] not in ("failed", "retrying") or not isinstance(row["tried_at"], str):
        return known
    try:
        tried = datetime.fromisoformat(row["tried_at"])
    except ValueError:  # what else writes into the context may have written anything there
        return known
    return tried if tried.tzinfo and (known is None or tried > known) else known


def counts(
    connection: db.Connection,
    *,
    since: timedelta,
    user_id: int | None = None,
    rehearsal: bool = False,
    now: datetime | None = None,
) -> list[tuple[datetime, str, int]]:
    """How many deliveries became what since then: (quarter of an hour, status, count) in order of time.

    The status is that of the log, but `pending` is told as `retrying` or `scheduled`. Raises DatabaseError.
    """
    params = {"now": now, "since": since, "within": None, "user_id": user_id, "mark": keys.mark(rehearsal)}
    return [(row.at, row.status, row.count) for row in db.rows(connection, _SQL("counts"), params)]


@dataclass(frozen=True, slots=True)
class Known:
    """What the log says of a key. `leased` while some run is sending it."""

    status: Status
    error: str | None
    leased: bool
    created_at: datetime | None


def known(connection: db.Connection, keys: Sequence[str], *, now: datetime | None = None) -> dict[str, Known]:
    """What the log says of these notification keys, by key; nothing of those it has not. Raises DatabaseError."""
    return {
        row.notification_key: Known(row.status, row.error, row.leased, row.created_at)
        for row in db.rows(connection, _SQL("known"), {"notification_keys": list(keys), "now": now})
    }


@dataclass(frozen=True, slots=True)
class Stored:
    """A message under a job id: one that was sent, or was stored by hand and waits. `occurrence` is without force."""

    notification_key: str
    job_id: str
    occurrence: str
    reminder_type: str
    sent: bool
    due_at: datetime
    sent_at: datetime | None
    variables: dict[str, Any]


def stored(
    connection: db.Connection, job_ids: Sequence[str], *, rehearsal: bool = False, now: datetime | None = None
) -> list[Stored]:
    """What stands under these job ids. Raises DatabaseError."""
    params = {"job_ids": list(job_ids), "mark": keys.mark(rehearsal), "now": now}
    return [Stored(**row._asdict()) for row in db.rows(connection, _SQL("standing"), params)]


def stored_jobs(
    connection: db.Connection, pattern: str, *, rehearsal: bool = False, now: datetime | None = None
) -> dict[Job, datetime | None]:
    """The jobs of messages that wait for their time, of those whose id a glob matches, and when they were stored."""
    params = {"job_pattern": keys.like(pattern), "mark": keys.mark(rehearsal), "now": now}
    found = db.rows(connection, _SQL("stored_jobs"), params)
    return {Job(row.job_id, row.occurrence, row.reminder_type, rehearsal): row.stored_at for row in found}


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job that was cancelled: when, by which pattern and by which command, where that is known."""

    job: Job
    cancelled_at: datetime | None
    pattern: str | None
    command: str | None


def cancelled_jobs(connection: db.Connection, pattern: str, *, rehearsal: bool = False) -> list[Cancelled]:
    """The cancelled jobs whose id a glob matches. Raises DatabaseError."""
    params = {"job_pattern": keys.like(pattern), "mark": keys.mark(rehearsal)}
    return [
        Cancelled(
            Job(row.job_id, row.occurrence, row.reminder_type, rehearsal), row.cancelled_at, row.pattern, row.command
        )
        for row in db.rows(connection, _SQL("cancelled_jobs"), params)
    ]


@dataclass(frozen=True, slots=True)
class Sent:
    """To how many recipients something was sent, and when the last was."""

    recipients: int
    last: datetime | None


def sent(connection: db.Connection, pattern: str, *, rehearsal: bool = False) -> Sent:
    """What was sent of the jobs whose id a glob matches. Raises DatabaseError."""
    params = {"job_pattern": keys.like(pattern), "mark": keys.mark(rehearsal)}
    return Sent(*db.rows(connection, _SQL("sent_jobs"), params)[0])


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery: when its outcome was recorded, in UTC, what it was, and what was said of it."""

    at: datetime | None
    outcome: str
    error: str | None = None


def one(connection: db.Connection, reminder_id: int) -> tuple[dict[str, Any], list[Attempt]] | None:
    """A row with the columns of one.sql, and its attempts, oldest first; None where there is none.

    Of more than twenty attempts the first and the last are kept. Raises DatabaseError.
    """
    for row in db.rows(connection, _SQL("one"), {"reminder_id": reminder_id}):
        return row._asdict(), _attempts(row)
    return None


def _attempts(row: Any) -> list[Attempt]:
    context = row.context if isinstance(row.context, dict) else {}
    tried = context.get("tried")
    found = [_attempt(told) for told in tried if isinstance(told, dict)] if isinstance(tried, list) else []
    if row.sent_at is not None:
        found.append(Attempt(row.sent_at, "delivered"))
    if row.status == "bounced":
        found.append(Attempt(None, "bounced", row.error))
    return found


def _attempt(told: dict[str, Any]) -> Attempt:
    try:
        at: datetime | None = datetime.fromisoformat(str(told.get("at")))
    except ValueError:
        at = None
    return Attempt(at, str(told.get("outcome")), told.get("error"))
