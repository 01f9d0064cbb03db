"""From when on messages go out by themselves: what was due before the start of its type never does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


def begin(connection: db.Connection, types: Collection[str]) -> None:
    """Start the types that have not started yet: for a real sweep. Raises DatabaseError."""
    db.execute(connection, _SQL("begin"), {"types": list(types)})


def since(connection: db.Connection) -> dict[str, datetime]:
    """The start of each type that has one. Raises DatabaseError."""
    return {row.reminder_type: row.since for row in db.rows(connection, _SQL("since"))}
