"""Whom and what an explanation is about: the person, the groups, the meeting that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from notify_cli import db, sql
from notify_cli.due.policy import Rules
from notify_cli.errors import UsageError

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody's time in a group; of several the one that goes on, else the last."""

    group_id: int
    group_name: str
    course: str | None
    joined_at: datetime | None
    left_at: datetime | None
    active: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """The meeting that was asked for."""

    meeting_id: int
    group_id: int
    starts_at: datetime
    group_name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as the platform knows them at `now`. `reachable` is false for a deleted account.

    `asked_for` is a meeting's id, `meeting` its row if there still is one. `lessons_unknown` says by the name of a
    course why nobody can tell which lessons are due.
    """

    user_id: int
    name: str
    reachable: bool
    now: datetime
    stays: Mapping[int, Stay]
    asked_for: int | None = None
    meeting: Meeting | None = None
    lessons_unknown: Mapping[str | None, str] = field(default_factory=dict)

    def group_name(self, group_id: int | None) -> str:
        """What a group of theirs is called."""
        stay = self.stays.get(group_id or 0)
        return stay.group_name if stay else f"group_{group_id}"


def look_up(
    connection: db.Connection, rules: Rules, user_id: int, meeting_id: int | None, now: datetime | None
) -> Subject:
    """Raises UsageError for somebody of whom there is no trace, DatabaseError."""
    person = db.rows(connection, _SQL("person"), {"user_id": user_id, "now": now})[0]
    if not person.known:
        raise UsageError(f"there is no user {user_id}: give the user_id of the platform's users table")
    stays = {row.group_id: Stay(*row) for row in db.rows(connection, _SQL("stays"), {"user_id": user_id})}
    meetings = db.rows(connection, _SQL("meeting"), {"meeting_id": meeting_id}) if meeting_id else []
    return Subject(
        user_id=user_id,
        name=person.name or f"user_{user_id}",
        reachable=person.reachable,
        now=person.now,
        stays=stays,
        asked_for=meeting_id,
        meeting=Meeting(*meetings[0]) if meetings else None,
        lessons_unknown=_lessons_unknown(rules, {stay.course for stay in stays.values()}),
    )


def _lessons_unknown(rules: Rules, names: set[str | None]) -> dict[str | None, str]:
    courses = rules.courses()
    if rules.faults:
        return dict.fromkeys(names, "the course file cannot be read, so nudges are off: see notify doctor")
    if courses is None:
        return dict.fromkeys(names, "no course file is set (NOTIFY_COURSES), so nudges are off")
    return {name: f"no course file is for {name!r}" for name in names if courses.course_for(name) is None}
