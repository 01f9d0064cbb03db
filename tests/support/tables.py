"""Rows of the platform's tables in memory: changed as often as a test likes, what differs is then written at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql


@dataclass
class Person:
    """A row of users: somebody without a Discord account."""

    user_id: int
    nickname: str
    email: str
    timezone: str = "Europe/Berlin"
    email_notifications_enabled: bool | None = True
    deleted_at: datetime | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether emails reach them."""
        return self.email_notifications_enabled is not False and self.deleted_at is None


@dataclass
class Group:
    """A row of groups."""

    group_id: int
    group_name: str
    cohort_id: int
    discord_text_channel_id: str
    status: str = "active"


@dataclass
class Membership:
    """A row of groups_users."""

    group_user_id: int
    group_id: int
    user_id: int
    joined_at: datetime
    role: str = "participant"
    status: str = "active"
    left_at: datetime | None = None


@dataclass
class MeetingRow:
    """A row of meetings. `duration_minutes` and `join_url` are columns that a platform may have, or not."""

    meeting_id: int
    group_id: int
    scheduled_time_utc: datetime
    created_at: datetime
    duration_minutes: int | None = None
    join_url: str | None = None

    @property
    def length(self) -> timedelta:
        """An hour, unless the row says otherwise."""
        return timedelta(minutes=60 if self.duration_minutes is None else self.duration_minutes)

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.scheduled_time_utc + self.length


Row = Person | Group | Membership | MeetingRow

# In the order in which their rows can be made. The first field is the key.
_TABLES: dict[type[Row], str] = {Person: "users", Group: "groups", Membership: "groups_users", MeetingRow: "meetings"}


class Tables:
    """The tables as they were last written."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._stored: dict[type[Row], dict[int, tuple[Any, ...]]] = {kind: {} for kind in _TABLES}

    def write(self, rows: Iterable[Row]) -> None:
        """Let the tables hold these rows, in one transaction."""
        now: dict[type[Row], dict[int, tuple[Any, ...]]] = {kind: {} for kind in _TABLES}
        for row in rows:
            values = tuple(vars(row).values())
            now[type(row)][values[0]] = values
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for kind in reversed(_TABLES):
                gone = list(self._stored[kind].keys() - now[kind].keys())
                if gone:
                    cursor.execute(_delete(kind), [gone])
            for kind, found in now.items():
                stored = self._stored[kind]
                changed = [values for number, values in found.items() if stored.get(number) != values]
                if changed:
                    cursor.executemany(_upsert(kind), changed)
        self._stored = now


def _delete(kind: type[Row]) -> sql.Composed:
    key, *_ = map(sql.Identifier, kind.__dataclass_fields__)
    return sql.SQL("delete from {} where {} = any(%s)").format(sql.Identifier(_TABLES[kind]), key)


def _upsert(kind: type[Row]) -> sql.Composed:
    key, *others = columns = [sql.Identifier(name) for name in kind.__dataclass_fields__]
    return sql.SQL("insert into {} ({}) values ({}) on conflict ({}) do update set ({}) = row ({})").format(
        sql.Identifier(_TABLES[kind]),
        sql.SQL(", ").join(columns),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        key,
        sql.SQL(", ").join(others),
        sql.SQL(", ").join(sql.SQL("excluded.{}").format(other) for other in others),
    )
