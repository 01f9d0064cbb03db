"""What was sent, or failed and why: reading reminders_log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from notify_cli import db

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


@cache
def _statement() -> str:
    return db.load_sql(Path(__file__).parent / "sql" / "history.sql", _TYPES)
