"""A course platform to put people, groups and meetings into, so that each test reads as the case it tests.

    alice = platform.person("alice", timezone="Europe/Berlin")
    otters = platform.group("Otters")
    platform.member(otters, alice)
    meeting = platform.meeting(otters, platform.now + timedelta(hours=24))

Everything returns the id of its row. What a test does not name is so that nothing is due: people enrolled, joined and
had their meetings entered long before `platform.now`, can be reached by email and DM, and want both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from notify_cli import log_schema

# A Wednesday. Tests that go through the command line or the database's clock pass their own.
NOW = datetime(2026, 2, 4, 12, 0, tzinfo=UTC)

LONG_AGO = timedelta(days=60)


class Platform:
    """The platform's tables, as seen by the platform. `now` is the time that a test takes for the present."""

    def __init__(self, connection: psycopg.Connection, now: datetime = NOW) -> None:
        self.connection = connection
        self.now = now
        self._people = 0
        self._channels = 0
        self._cohort: int | None = None

    def person(
        self,
        nickname: str | None,
        *,
        email: str | None = "",
        discord_id: str | None = "",
        wants_email: bool | None = True,
        wants_dm: bool | None = True,
        **columns: Any,
    ) -> int:
        """Someone with an address `{nickname}@example.org` and a Discord id, unless told otherwise (None: without).

        `columns` are further columns of users: timezone, first_name, discord_username, deleted_at.
        """
        self._people += 1
        return self.row(
            "users",
            nickname=nickname,
            email=f"{nickname or 'someone'}@example.org" if email == "" else email,
            discord_id=str(100_000_000_000_000_000 + self._people) if discord_id == "" else discord_id,
            email_notifications_enabled=wants_email,
            dm_notifications_enabled=wants_dm,
            **columns,
        )

    def people(self, *nicknames: str) -> list[int]:
        """Several at once, for a test in which they differ by name only."""
        return [self.person(nickname) for nickname in nicknames]

    def course(self, name: str = "AI Safety") -> int:
        """A course."""
        return self.row("courses", course_name=name)

    def cohort(self, name: str = "Winter", *, course: int | None = None, status: str = "active") -> int:
        """A cohort, of a new course unless one is given."""
        return self.row(
            "cohorts", cohort_name=name, course_id=self.course() if course is None else course, status=status
        )

    def group(
        self,
        name: str = "Otters",
        *,
        cohort: int | None = None,
        channel: str | None = "",
        members: Iterable[int] = (),
        **columns: Any,
    ) -> int:
        """A group with a Discord channel (None: without), in the platform's one cohort unless another is given.

        `members` are in it since long ago. `columns` are further columns of groups: status.
        """
        if cohort is None:
            cohort = self._cohort = self._cohort or self.cohort()
        if channel == "":
            self._channels += 1
            channel = str(900_000_000_000_000_000 + self._channels)
        defaults = {"status": "active"}
        group = self.row(
            "groups", group_name=name, cohort_id=cohort, discord_text_channel_id=channel, **(defaults | columns)
        )
        for person in members:
            self.member(group, person)
        return group

    def member(self, group: int, person: int, *, joined_at: datetime | None = None, **columns: Any) -> int:
        """Puts someone into a group, long ago unless told otherwise. `columns`: role, status, left_at."""
        return self.row(
            "groups_users",
            group_id=group,
            user_id=person,
            joined_at=self.now - LONG_AGO if joined_at is None else joined_at,
            **columns,
        )

    def meeting(self, group: int, starts_at: datetime, *, created_at: datetime | None = None, **columns: Any) -> int:
        """A meeting of the group, in the table since long ago unless told otherwise."""
        return self.row(
            "meetings",
            group_id=group,
            scheduled_time_utc=starts_at,
            created_at=self.now - LONG_AGO if created_at is None else created_at,
            **columns,
        )

    def enrolment(
        self, person: int, *, at: datetime | None = None, cohort: int | None = None, course: int | None = None
    ) -> int:
        """Enrols someone in a course, long ago unless told otherwise."""
        return self.row(
            "courses_users",
            user_id=person,
            course_id=self.course() if course is None else course,
            cohort_id=cohort,
            created_at=self.now - LONG_AGO if at is None else at,
        )

    def session(
        self,
        person: int | None,
        lesson: str,
        *,
        started_at: datetime | None = None,
        completed_at: datetime | None = None,
    ) -> int:
        """Someone's work on a lesson, begun long ago unless told otherwise and unfinished unless `completed_at`."""
        return self.row(
            "lesson_sessions",
            user_id=person,
            lesson_id=lesson,
            started_at=self.now - LONG_AGO if started_at is None else started_at,
            completed_at=completed_at,
        )

    def finished(self, person: int, *lessons: str) -> None:
        """Someone has done these lessons."""
        for lesson in lessons:
            self.session(person, lesson, completed_at=self.now - timedelta(days=30))

    def move(self, meeting: int, starts_at: datetime) -> None:
        """Moves a meeting to another time."""
        self.update(
            "meetings", {"meeting_id": meeting}, scheduled_time_utc=starts_at, was_rescheduled=True, updated_at=self.now
        )

    def leave(self, group: int, person: int, *, status: str = "dropped", at: datetime | None = None) -> None:
        """Takes someone out of a group."""
        where = {"group_id": group, "user_id": person}
        self.update("groups_users", where, status=status, left_at=self.now if at is None else at)

    def row(self, table: str, **columns: Any) -> int:
        """Any row of any table, `schema.table` where it is not in public; returns its id, the first column."""
        statement = sql.SQL("insert into {} ({}) values ({}) returning *").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(map(sql.Placeholder, columns)),
        )
        inserted = self.connection.execute(statement, columns).fetchone()
        assert inserted is not None
        return int(inserted[0])

    def update(self, table: str, where: dict[str, Any], **columns: Any) -> int:
        """Changes columns of the rows that `where` names; returns how many."""
        condition = {f"where_{name}": value for name, value in where.items()}
        statement = sql.SQL("update {} set {} where {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(_assignments(columns)),
            sql.SQL(" and ").join(_assignments(where, prefix="where_")),
        )
        return self.connection.execute(statement, columns | condition).rowcount

    def delete(self, table: str, **where: Any) -> int:
        """Deletes the rows that `where` names; returns how many."""
        statement = sql.SQL("delete from {} where {}").format(
            sql.Identifier(table), sql.SQL(" and ").join(_assignments(where))
        )
        return self.connection.execute(statement, where).rowcount

    def log_row(self, **columns: Any) -> int:
        """A row of reminders_log as another writer, or another run, would leave it."""
        defaults = {"message": "", "reminder_type": "welcome", "delivery_method": "email"}
        return self.row(f"{log_schema.find(self.connection).schema}.reminders_log", **(defaults | columns))


def _assignments(columns: dict[str, Any], prefix: str = "") -> list[sql.Composed]:
    return [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(prefix + name)) for name in columns]
