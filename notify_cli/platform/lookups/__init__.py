"""The statements that look something up in the six views, a .sql file each; platform/ gives their rows types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


def rows(connection: db.Connection, name: str, **params: Any) -> list[Any]:
    """The rows of `{name}.sql`; none, and no round trip, where a list to ask about is empty. Raises DatabaseError."""
    if [] in params.values():
        return []
    return db.rows(connection, _SQL(name), params)


def clock(connection: db.Connection, now: datetime | None) -> datetime:
    """The aware time to compute for: `now`, or the database's clock where that is None. Raises DatabaseError."""
    if now is not None:
        return now
    read: datetime = db.rows(connection, "select now() as now")[0].now
    return read
