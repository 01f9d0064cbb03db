"""What the messages of a batch may say, read from the views at the moment of sending: nothing is stored beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from notify_cli import db
from notify_cli.calendars import View, table
from notify_cli.delivery import Delivery
from notify_cli.platform import enrolments, groups, lessons, lookups, meetings, people
from notify_cli.platform.tables import Tables, group_id_of, session_id_of
from notify_cli.registry import TYPES, has_invite

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses


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
    groupless = _ids(d.user_id for d in deliveries if group_id_of(d) is None and session_id_of(d) is None)
    rosters = groups.by_id(connection, group_ids)
    tables = Tables(
        now=clock,
        people=people.by_id(connection, user_ids),
        groups={group_id: roster.group for group_id, roster in rosters.items()},
        members={group_id: roster.members for group_id, roster in rosters.items()},
        meetings=meetings.of_groups(connection, group_ids, settings.meeting_duration),
        trial_lessons=lessons.of_sessions(connection, _ids(map(session_id_of, deliveries))),
        completed={},
        courses=courses,
        enrolled=enrolments.first_courses(connection, groupless),
    )
    due = {lesson.lesson_id for d in deliveries for lesson in tables.lessons(d) or ()}
    faults = [fault for d in deliveries if _can_name_lessons(d) for fault in tables.course_faults(d)]
    done = lessons.completed(connection, user_ids, due)
    tables = replace(tables, completed=done, faults=tuple(dict.fromkeys(faults)))
    inviting = [d for d in deliveries if has_invite(d.reminder_type)]
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


def _can_name_lessons(delivery: Delivery) -> bool:
    kind = TYPES.get(delivery.reminder_type)
    return kind is None or "lessons" in kind.about or "lesson_url" in kind.variables


def _ids(values: Iterable[int | None]) -> list[int]:
    return sorted({value for value in values if value is not None})
