"""notify.calendars: what each member's calendar holds. This package is its only reader and its only writer.

Every run asks which groups to look at, and nearly always the answer is none: so this module stands apart from table.py.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class View:
    """From where calendars are looked at: at an aware time (None for the database's clock), in a rehearsal or not.

    `meeting_minutes` is the length of a meeting that has none.
    """

    now: datetime | None
    rehearsal: bool = False
    meeting_minutes: int = 60


def changed(connection: db.Connection, view: View) -> list[int]:
    """The groups in which some calendar may not be as it should be. Raises DatabaseError."""
    params = {"now": view.now, "rehearsal": view.rehearsal, "meeting_minutes": view.meeting_minutes}
    return [row.group_id for row in db.rows(connection, _SQL("changed"), params)]


def groups_of(connection: db.Connection, user_ids: Collection[int]) -> list[int]:
    """The groups that these people are or were in, or of which their calendars hold something. Raises DatabaseError."""
    if not user_ids:
        return []
    return [row.group_id for row in db.rows(connection, _SQL("groups_of"), {"user_ids": sorted(user_ids)})]
