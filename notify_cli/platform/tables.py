"""The rows behind the messages of a batch, and what each of these may say of them. Nothing is looked up here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import keys, times
from notify_cli.delivery import Delivery
from notify_cli.model import Facts, Group, Lesson, Meeting, Person
from notify_cli.registry import TYPES

if TYPE_CHECKING:
    from notify_cli.calendar.member import Member
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
        trial = self.trial_lessons.get(session_id_of(delivery) or 0)
        if trial is not None and self.courses:
            course = self.courses.course_of(trial)
        members = self.members.get(group.group_id, ()) if group else ()
        meeting, ahead = self.meeting(delivery), self._next_meeting(delivery)
        member = self.calendars.get((delivery.group_id or 0, delivery.user_id or 0))
        return Facts(
            now=self.now,
            person=self.people.get(delivery.user_id) if delivery.user_id is not None else None,
            group=group,
            meeting=meeting,
            is_next=meeting is None or (ahead is not None and meeting.starts_at == ahead.starts_at),
            by_email=member is None or member.email is not None,
            others=tuple(name for user_id, name in members if user_id != delivery.user_id),
            lessons=lessons,
            unfinished=tuple(lesson for lesson in lessons or () if lesson.lesson_id not in done),
            course_slug=course.slug if course else None,
            given=({"course_name": enrolled} if enrolled else {}) | dict(given or {}),
        )

    def group(self, delivery: Delivery) -> Group | None:
        """The group that a delivery can speak of."""
        return self.groups.get(group_id_of(delivery) or 0)

    def meeting(self, delivery: Delivery) -> Meeting | None:
        """The meeting a delivery is about: the one it names, else its group's next, which may be going on."""
        if delivery.meeting_id is None:
            return self._next_meeting(delivery)
        return next((m for m in self._meetings(delivery) if m.meeting_id == delivery.meeting_id), None)

    def zones_of(self, group_id: int, reader: Person | None) -> tuple[str, ...]:
        """The zones whose clocks a group's meetings may follow: the reader's own, then those of most members."""
        own = (reader.timezone,) if reader else ()
        named = (times.zone_name(zone) for zone in (*own, *self.zones.get(group_id, ())))
        return tuple(dict.fromkeys(zone for zone in named if zone is not None))[:_MOST_ZONES]

    def lessons(self, delivery: Delivery) -> tuple[Lesson, ...] | None:
        """The lessons a delivery is about, in course order: the trial lesson, or those due for its meeting."""
        trial = self.trial_lessons.get(session_id_of(delivery) or 0)
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

    def _next_meeting(self, delivery: Delivery) -> Meeting | None:
        return next((m for m in self._meetings(delivery) if m.ends_at > self.now), None)

    def _meetings(self, delivery: Delivery) -> Sequence[Meeting]:
        return self.meetings.get(group_id_of(delivery) or 0, ())


def group_id_of(delivery: Delivery) -> int | None:
    """The group that its texts can speak of: none for a type that is about a person alone, whoever it is sent to."""
    kind = TYPES.get(delivery.reminder_type)
    return delivery.group_id if kind is None or "group" in kind.about else None


def session_id_of(delivery: Delivery) -> int | None:
    """The session of a trial lesson that it is about, if it is."""
    return keys.named(delivery.job_id, "trial")
