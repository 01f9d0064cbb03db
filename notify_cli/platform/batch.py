"""What the messages of a batch may say, read from the views at the moment of sending: nothing is stored beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from notify_cli import db, keys, times
from notify_cli.calendar.member import Member
from notify_cli.calendars import View, table
from notify_cli.delivery import Delivery
from notify_cli.model import Facts, Group, Lesson, Meeting, Person
from notify_cli.platform import enrolments, groups, lessons, lookups, meetings, people
from notify_cli.registry import TYPES

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses

_MOST_ZONES = 3  # that are tried for the meetings of a group


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows behind a batch of deliveries.

    `meetings` has all meetings of each group in order of time, `calendars` by group_id and user_id what a member holds,
    `zones` the time zones of a group's members, those of most first, `installation` is this installation's id;
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
    courses: Courses | None
    enrolled: Mapping[int, str] = field(default_factory=dict)
    calendars: Mapping[tuple[int, int], Member] = field(default_factory=dict)
    zones: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    installation: str = ""
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
        meeting = self.meeting(delivery)
        member = self.calendars.get((delivery.group_id or 0, delivery.user_id or 0))
        return Facts(
            now=self.now,
            person=self.people.get(delivery.user_id) if delivery.user_id is not None else None,
            group=group,
            meeting=meeting,
            is_next=meeting is None or meeting.starts_at == self._next_start(delivery),
            by_email=member is None or member.email is not None,
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
        """The meeting a delivery is about: the one it names, else its group's next, which may be going on."""
        meetings = self.meetings.get(_group_id(delivery) or 0, ())
        if delivery.meeting_id is not None:
            return next((m for m in meetings if m.meeting_id == delivery.meeting_id), None)
        return next((m for m in meetings if m.ends_at > self.now), None)

    def _next_start(self, delivery: Delivery) -> datetime | None:
        meetings = self.meetings.get(_group_id(delivery) or 0, ())
        return next((m.starts_at for m in meetings if m.ends_at > self.now), None)

    def zones_of(self, group_id: int, reader: Person | None) -> tuple[str, ...]:
        """The zones whose clocks a group's meetings may follow: the reader's own, then those of most members."""
        own = (reader.timezone,) if reader else ()
        named = (times.zone_name(zone) for zone in (*own, *self.zones.get(group_id, ())))
        return tuple(dict.fromkeys(zone for zone in named if zone is not None))[:_MOST_ZONES]

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
        courses=courses,
        enrolled=enrolments.first_courses(connection, groupless),
    )
    due = {lesson.lesson_id for d in deliveries for lesson in tables.lessons(d) or ()}
    faults = [fault for d in deliveries if _can_name_lessons(d) for fault in tables.course_faults(d)]
    done = lessons.completed(connection, user_ids, due)
    tables = replace(tables, completed=done, faults=tuple(dict.fromkeys(faults)))
    inviting = [d for d in deliveries if _has_invite(d)]
    return _with_calendars(connection, tables, inviting, settings) if inviting else tables


def _with_calendars(
    connection: db.Connection, tables: Tables, deliveries: Sequence[Delivery], settings: Settings
) -> Tables:
    minutes = round(settings.meeting_duration / timedelta(minutes=1))
    view = View(tables.now, settings.rehearsal, minutes)
    group_ids, user_ids = _ids(d.group_id for d in deliveries), _ids(d.user_id for d in deliveries)
    found = table.of_groups(connection, group_ids, view, user_ids=user_ids)
    return replace(
        tables,
        calendars={(member.group_id, member.user_id): member for member, _ in found},
        zones=groups.zones(connection, group_ids),
        installation=table.installation(connection),
    )


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
