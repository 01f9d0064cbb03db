"""What the messages of a batch may say, read from the views at the moment of sending: nothing is stored beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from notify_cli import db, keys
from notify_cli.calendar import invites
from notify_cli.model import Delivery, Facts, Group, Lesson, Meeting, Person
from notify_cli.platform import enrolments, groups, lessons, lookups, meetings, people
from notify_cli.registry import TYPES, Method

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows behind a batch of deliveries.

    `meetings` has all meetings of each group in order of time, `calendars` by `invites.key` what a member holds,
    `enrolled` the course that somebody enrolled in first, for messages that are about no group. `faults` are lines
    about course files (`course.yaml:7: ...`) without which nobody knows the lessons that some of the messages can name.
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
    faults: tuple[str, ...] = ()

    def facts(self, delivery: Delivery, given: Mapping[str, str] | None = None) -> Facts:
        """The facts of one delivery. A person, group or meeting that is not there any more is None."""
        group = self.group(delivery)
        lessons = self.lessons(delivery)
        done = self.completed.get(delivery.user_id, frozenset()) if delivery.user_id is not None else frozenset()
        enrolled = self.enrolled.get(delivery.user_id or 0) if group is None else None
        name = group.course if group else enrolled
        course = self.courses.course_for(name) if self.courses and (group or enrolled) else None
        trial = self.trial_lessons.get(_session_id(delivery) or 0)
        if trial is not None and self.courses:
            course = self.courses.course_of(trial)
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

    def group(self, delivery: Delivery) -> Group | None:
        """The group that a delivery can speak of."""
        return self.groups.get(_group_id(delivery) or 0)

    def meeting(self, delivery: Delivery) -> Meeting | None:
        """The meeting a delivery is about: the one it names, else its group's next."""
        meetings = self.meetings.get(_group_id(delivery) or 0, ())
        if delivery.meeting_id is not None:
            return next((m for m in meetings if m.meeting_id == delivery.meeting_id), None)
        return next((m for m in meetings if m.starts_at > self.now), None)

    def lessons(self, delivery: Delivery) -> tuple[Lesson, ...] | None:
        """The lessons a delivery is about, in course order: the trial lesson, or those due for its meeting."""
        trial = self.trial_lessons.get(_session_id(delivery) or 0)
        if trial is not None:
            return (Lesson(trial, self.courses.title_of(trial) if self.courses else trial),)
        meeting, group = self.meeting(delivery), self.group(delivery)
        course = self.courses.course_for(group.course) if self.courses and group else None
        if course is None or meeting is None or meeting.number is None:
            return None
        return course.lessons_for(meeting.number)

    def course_faults(self, delivery: Delivery) -> tuple[str, ...]:
        """What is wrong with the file of the course that a delivery is about; with any, where it is about none."""
        group = self.group(delivery)
        name = group.course if group else self.enrolled.get(delivery.user_id or 0)
        if self.courses is None:
            return ()
        return self.courses.faults if name is None else self.courses.faults_for(name)


def load(
    connection: db.Connection,
    deliveries: Sequence[Delivery],
    settings: Settings,
    courses: Courses | None,
    *,
    now: datetime | None = None,
) -> Tables:
    """Read what the deliveries' messages may say, a handful of statements for the whole batch. Raises DatabaseError."""
    clock = lookups.clock(connection, now)
    user_ids = _ids(d.user_id for d in deliveries)
    group_ids = _ids(d.group_id for d in deliveries)
    groupless = _ids(d.user_id for d in deliveries if _group_id(d) is None and _session_id(d) is None)
    rosters = groups.by_id(connection, group_ids)
    tables = Tables(
        now=clock,
        people=people.by_id(connection, user_ids),
        groups={group_id: roster.group for group_id, roster in rosters.items()},
        members={group_id: roster.members for group_id, roster in rosters.items()},
        meetings=meetings.of_groups(connection, group_ids, settings.meeting_duration),
        trial_lessons=lessons.of_sessions(connection, _ids(map(_session_id, deliveries))),
        completed={},
        calendars=_calendars(connection, deliveries),
        courses=courses,
        enrolled=enrolments.first_courses(connection, groupless),
    )
    due = {lesson.lesson_id for d in deliveries for lesson in tables.lessons(d) or ()}
    faults = [fault for d in deliveries if _can_name_lessons(d) for fault in tables.course_faults(d)]
    return replace(tables, completed=lessons.completed(connection, user_ids, due), faults=tuple(dict.fromkeys(faults)))


def _calendars(connection: db.Connection, deliveries: Iterable[Delivery]) -> dict[str, dict[str, Any]]:
    carrying = (d for d in deliveries if d.method is Method.EMAIL and _has_invite(d))
    series = sorted(
        {invites.key(d.group_id, d.user_id, rehearsal=d.rehearsal) for d in carrying if d.group_id and d.user_id}
    )
    return {row.series: row.calendar for row in lookups.rows(connection, "calendars", series=series)}


def _group_id(delivery: Delivery) -> int | None:
    """The group that its texts can speak of: none for a type that is about a person alone, whoever it is sent to."""
    kind = TYPES.get(delivery.reminder_type)
    return delivery.group_id if kind is None or "group" in kind.about else None


def _session_id(delivery: Delivery) -> int | None:
    return keys.named(delivery.job_id, "trial")


def _has_invite(delivery: Delivery) -> bool:
    kind = TYPES.get(delivery.reminder_type)
    return kind is not None and kind.invite


def _can_name_lessons(delivery: Delivery) -> bool:
    kind = TYPES.get(delivery.reminder_type)
    return kind is None or "lessons" in kind.about or "lesson_url" in kind.variables


def _ids(values: Iterable[int | None]) -> list[int]:
    return sorted({value for value in values if value is not None})
