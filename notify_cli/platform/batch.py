"""What the messages of a batch may say, read from the views at the moment of sending: nothing is stored beforehand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from notify_cli import db, sql
from notify_cli.calendar import invites
from notify_cli.model import Delivery, Facts, Group, Lesson, Meeting, Person
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows behind a batch of deliveries.

    `meetings` has all meetings of each group in order of time, `calendars` by `invites.key` what a member holds,
    `enrolled` the course that somebody enrolled in first, for messages that are about no group.
    """

    now: datetime
    people: Mapping[int, Person]
    groups: Mapping[int, Group]
    members: Mapping[int, tuple[tuple[int, str], ...]]
    meetings: Mapping[int, tuple[Meeting, ...]]
    trial_lessons: Mapping[int, str]
    completed: Mapping[int, frozenset[str]]
    calendars: Mapping[str, dict[str, Any]]
    courses: Courses | None
    enrolled: Mapping[int, str] = field(default_factory=dict)

    def facts(self, delivery: Delivery, given: Mapping[str, str] | None = None) -> Facts:
        """The facts of one delivery. A person, group or meeting that is not there any more is None."""
        group = self.groups.get(delivery.group_id) if delivery.group_id is not None else None
        lessons = self.lessons(delivery)
        done = self.completed.get(delivery.user_id, frozenset()) if delivery.user_id is not None else frozenset()
        enrolled = self.enrolled.get(delivery.user_id or 0) if group is None else None
        name = group.course if group else enrolled
        course = self.courses.course_for(name) if self.courses and (group or enrolled) else None
        members = self.members.get(group.group_id, ()) if group else ()
        return Facts(
            now=self.now,
            person=self.people.get(delivery.user_id) if delivery.user_id is not None else None,
            group=group,
            meeting=self.meeting(delivery),
            others=tuple(name for user_id, name in members if user_id != delivery.user_id),
            lessons=lessons,
            unfinished=tuple(lesson for lesson in lessons or () if lesson.lesson_id not in done),
            course_slug=course.slug if course else None,
            given=({"course_name": enrolled} if enrolled else {}) | dict(given or {}),
        )

    def meeting(self, delivery: Delivery) -> Meeting | None:
        """The meeting a delivery is about: the one it names, else its group's next."""
        meetings = self.meetings.get(delivery.group_id, ()) if delivery.group_id is not None else ()
        if delivery.meeting_id is not None:
            return next((m for m in meetings if m.meeting_id == delivery.meeting_id), None)
        return next((m for m in meetings if m.starts_at > self.now), None)

    def lessons(self, delivery: Delivery) -> tuple[Lesson, ...] | None:
        """The lessons a delivery is about, in course order: the trial lesson, or those due for its meeting."""
        trial = self.trial_lessons.get(_trial_session(delivery) or 0)
        if trial is not None:
            return (Lesson(trial, self.courses.title_of(trial) if self.courses else trial),)
        meeting = self.meeting(delivery)
        group = self.groups.get(delivery.group_id) if delivery.group_id is not None else None
        course = self.courses.course_for(group.course) if self.courses and group else None
        if course is None or meeting is None or meeting.number is None:
            return None
        return course.lessons_for(meeting.number)


def load(
    connection: db.Connection,
    deliveries: Sequence[Delivery],
    settings: Settings,
    courses: Courses | None,
    *,
    now: datetime | None = None,
) -> Tables:
    """Read what the deliveries' messages may say, a handful of statements for the whole batch. Raises DatabaseError."""
    user_ids = _ids(d.user_id for d in deliveries)
    group_ids = _ids(d.group_id for d in deliveries)
    session_ids = _ids(_trial_session(d) for d in deliveries)
    groupless = [d.user_id for d in deliveries if d.group_id is None and _trial_session(d) is None]
    clock = db.rows(connection, "select coalesce(%(now)s::timestamptz, now()) as now", {"now": now})[0].now
    groups = list(_query(connection, "groups", group_ids=group_ids))
    tables = Tables(
        now=clock,
        people={row.user_id: Person(*row) for row in _query(connection, "people", user_ids=user_ids)},
        groups={
            row.group_id: Group(row.group_id, row.name, row.course, row.discord_channel_id, row.server_id)
            for row in groups
        },
        members={row.group_id: tuple(zip(row.member_ids, row.member_names, strict=True)) for row in groups},
        meetings=_meetings(connection, group_ids, settings.meeting_duration),
        trial_lessons={row.session_id: row.lesson_id for row in _query(connection, "trials", session_ids=session_ids)},
        completed={},
        calendars={row.series: row.calendar for row in _query(connection, "calendars", series=_series(deliveries))},
        courses=courses,
        enrolled={row.user_id: row.course for row in _query(connection, "enrolled", user_ids=_ids(groupless))},
    )
    lessons = {lesson.lesson_id for d in deliveries for lesson in tables.lessons(d) or ()}
    if not lessons or not user_ids:
        return tables
    completed: dict[int, set[str]] = defaultdict(set)
    for row in _query(connection, "completed", user_ids=user_ids, lesson_ids=sorted(lessons)):
        completed[row.user_id].add(row.lesson_id)
    finished = {user_id: frozenset(found) for user_id, found in completed.items()}
    return replace(tables, completed=finished)


def _meetings(connection: db.Connection, group_ids: list[int], duration: timedelta) -> dict[int, tuple[Meeting, ...]]:
    found: dict[int, list[Meeting]] = defaultdict(list)
    minutes = round(duration.total_seconds() / 60)
    for row in _query(connection, "meetings", group_ids=group_ids, meeting_minutes=minutes):
        length = timedelta(minutes=row.duration_minutes)
        found[row.group_id].append(
            Meeting(row.meeting_id, row.group_id, row.starts_at, length, row.number, row.join_url)
        )
    return {group_id: tuple(meetings) for group_id, meetings in found.items()}


def _query(connection: db.Connection, name: str, **params: Any) -> Iterator[Any]:
    """The rows of a .sql file; none, and no round trip, where there is nobody to ask about."""
    if not all(params.values()):
        return iter(())
    return iter(db.rows(connection, _SQL(f"batch_{name}"), params))


def _trial_session(delivery: Delivery) -> int | None:
    match = re.fullmatch(r"trial_(\d+)_nudge", delivery.job_id)
    return int(match.group(1)) if match else None


def _series(deliveries: Iterable[Delivery]) -> list[str]:
    carrying = (d for d in deliveries if d.method is Method.EMAIL and d.reminder_type in invites.KINDS)
    return sorted({invites.key(d.group_id, d.user_id) for d in carrying if d.group_id and d.user_id})


def _ids(values: Iterable[int | None]) -> list[int]:
    return sorted({value for value in values if value is not None})
