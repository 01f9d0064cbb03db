"""Whom and what an explanation is about: the person, the groups, the meeting that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from notify_cli import db
from notify_cli.due import Policy
from notify_cli.errors import ConfigError, UsageError
from notify_cli.platform import groups, lookups, meetings, people, row_security
from notify_cli.platform.groups import Stay
from notify_cli.platform.meetings import Appointment


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as the platform knows them at `now`. `reachable` is false for a deleted account.

    `stays` are the groups they are or were in, by group_id, `visited` the names of those that they visit as a guest.
    `shares` are the percentages of lessons with which somebody has done enough, by message type. `asked_for` is a
    meeting's id, `meeting` its row if there still is one. `lessons_unknown` says by the name of a course why nobody can
    tell which lessons are due.
    """

    user_id: int
    name: str
    reachable: bool
    now: datetime
    stays: Mapping[int, Stay]
    asked_for: int | None = None
    meeting: Appointment | None = None
    lessons_unknown: Mapping[str | None, str] = field(default_factory=dict)
    visited: Mapping[int, str] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)

    def group_name(self, group_id: int | None) -> str:
        """What a group of theirs is called."""
        stay = self.stays.get(group_id or 0)
        return stay.group_name if stay else self.visited.get(group_id or 0, f"group_{group_id}")


def look_up(
    connection: db.Connection, policy: Policy, user_id: int, meeting_id: int | None, now: datetime | None
) -> Subject:
    """Raises UsageError for somebody of whom there is no trace, ConfigError where nobody can be seen, DatabaseError."""
    person = people.by_id(connection, [user_id]).get(user_id)
    if person is None and (hidden := row_security.hides_all_people(connection)):
        raise ConfigError(f"{hidden.words}: {hidden.mend}")
    if person is None and not people.left_traces(connection, user_id):
        raise UsageError(f"there is no user {user_id}: give the user_id of the platform's users table")
    stays = {stay.group_id: stay for stay in groups.stays(connection, [user_id])}
    return Subject(
        user_id=user_id,
        name=person.name if person else f"user_{user_id}",
        reachable=person is not None,
        now=lookups.clock(connection, now),
        stays=stays,
        asked_for=meeting_id,
        meeting=meetings.find(connection, meeting_id) if meeting_id else None,
        lessons_unknown=_lessons_unknown(policy, {stay.course for stay in stays.values()}),
        visited=groups.visited(connection, user_id),
        shares={one.name: one.share for one in policy.timing().types.values() if one.share is not None},
    )


def _lessons_unknown(policy: Policy, names: set[str | None]) -> dict[str | None, str]:
    courses = policy.courses()
    if courses is None:
        return dict.fromkeys(names, "no course file is set (NOTIFY_COURSES), so nudges are off")
    return {
        name: "the course file cannot be read, so nudges are off: see notify doctor"
        if courses.faults_for(name)
        else f"no course file is for {name!r}"
        for name in names
        if courses.course_for(name) is None
    }
