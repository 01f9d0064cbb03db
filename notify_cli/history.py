"""What was sent, or failed and why: reading reminders_log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from notify_cli import db
from notify_cli.model import Job

_TYPES = {
    "user_id": "int",
    "group_id": "int",
    "statuses": "text[]",
    "types": "text[]",
    "job_ids": "text",
    "most": "int",
}


def entries(
    connection: db.Connection,
    *,
    since: timedelta | None = None,
    now: datetime | None = None,
    user_id: int | None = None,
    group_id: int | None = None,
    statuses: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    job_ids: str | None = None,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """The log's rows, oldest first, as dictionaries of the columns of log.sql.

    `since` looks back from now, `job_ids` is a glob over job ids, `most` keeps the newest. Raises DatabaseError.
    """
    params = {
        "now": now,
        "since": since,
        "within": None,
        "user_id": user_id,
        "group_id": group_id,
        "statuses": None if statuses is None else list(statuses),
        "types": None if types is None else list(types),
        "job_ids": None if job_ids is None else db.glob(job_ids),
        "most": most,
    }
    return [row._asdict() for row in db.rows(connection, _statement(), params)]


@dataclass(frozen=True, slots=True)
class Known:
    """What the log says of a key. `leased` while some run is sending it."""

    status: str
    error: str | None
    leased: bool
    created_at: datetime | None


def known(connection: db.Connection, keys: Sequence[str], *, now: datetime | None = None) -> dict[str, Known]:
    """What the log says of these notification keys, by key; nothing of those it has not. Raises DatabaseError."""
    sql = """
        select notification_key, delivery_status::text as status, delivery_error as error, created_at,
            coalesce(claimed_until > coalesce(%(now)s::timestamptz, now()), false) as leased
        from reminders_log
        where notification_key = any(%(keys)s)
    """
    return {
        row.notification_key: Known(row.status, row.error, row.leased, row.created_at)
        for row in db.rows(connection, sql, {"keys": list(keys), "now": now})
    }


def stored_jobs(connection: db.Connection, pattern: str, *, now: datetime | None = None) -> dict[Job, datetime | None]:
    """The jobs of messages that wait for their time, of those whose id a glob matches, and when they were stored."""
    sql = """
        select job_id, split_part(notification_key, '/', 2) as occurrence, min(reminder_type) as reminder_type,
            max(created_at) as stored_at
        from reminders_log
        where delivery_status = 'pending' and notification_key is not null and context ? 'variables'
            and job_id like %(pattern)s and useful_until > coalesce(%(now)s::timestamptz, now())
        group by 1, 2
    """
    found = db.rows(connection, sql, {"pattern": db.glob(pattern), "now": now})
    return {Job(row.job_id, row.occurrence, row.reminder_type): row.stored_at for row in found}


def cancelled_jobs(connection: db.Connection, pattern: str) -> list[Job]:
    """The cancelled jobs whose id a glob matches."""
    sql = """
        select job_id, split_part(notification_key, '/', 2) as occurrence, reminder_type
        from reminders_log
        where delivery_status = 'cancelled' and notification_key like '%%/cancelled' and job_id like %(pattern)s
    """
    return [Job(*row) for row in db.rows(connection, sql, {"pattern": db.glob(pattern)})]


@cache
def _statement() -> str:
    return db.load_sql(Path(__file__).parent / "sql" / "history.sql", _TYPES)
