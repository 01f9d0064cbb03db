"""A reader, a group and its meetings that exist nowhere: what a message looks like before anybody gets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from notify_cli.config import Settings
from notify_cli.course import Course, Courses
from notify_cli.course.file import Entry
from notify_cli.model import Group, Meeting, Person
from notify_cli.platform.tables import Tables
from notify_cli.registry import CANCEL, UPDATE, Method, has_invite

if TYPE_CHECKING:
    from notify_cli.calendar.member import Member

USER_ID = 1
GROUP_ID = 1
SESSION_ID = 1
# The third meeting is the next: some lessons are behind, some ahead.
MEETING_ID = 3

_COURSE = "AI Safety Fundamentals"
_SERVER_ID = "800000000000000001"
_LESSONS = {"goal-misgeneralisation": "Goal misgeneralisation", "reward-hacking": "Reward hacking"}
_DONE = ("deceptive-alignment", "Deceptive alignment")


def tables(now: datetime, settings: Settings, reminder_type: str = "") -> Tables:
    """The rows behind every message, as if the next meeting were in 23 hours.

    Who is told of a change, or that a series ends, holds one: with one meeting of it on another day.
    """
    alice = Person(USER_ID, "Alice", "alice@example.org", "100000000000000001", "Europe/Berlin")
    otters = Group(GROUP_ID, "Otters", _COURSE, "900000000000000001", settings.discord_server_id or _SERVER_ID)
    first = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=24, weeks=1 - MEETING_ID)
    meetings = tuple(
        Meeting(number, GROUP_ID, first + timedelta(weeks=number - 1), settings.meeting_duration, number)
        for number in range(1, 9)
    )
    return Tables(
        now=now,
        people={USER_ID: alice},
        groups={GROUP_ID: otters},
        members={GROUP_ID: ((USER_ID, "Alice"), (2, "Bob"), (3, "Carol"), (4, "Dave"))},
        meetings={GROUP_ID: meetings},
        trial_lessons={SESSION_ID: "reward-hacking"},
        completed={USER_ID: frozenset({_DONE[0]})},
        courses=_courses(),
        enrolled={USER_ID: _COURSE},
        calendars={(GROUP_ID, USER_ID): _member(now, meetings, reminder_type)} if has_invite(reminder_type) else {},
    )


def _member(now: datetime, meetings: tuple[Meeting, ...], reminder_type: str) -> Member:
    # here: no other message needs all of calendar/
    from notify_cli import calendar
    from notify_cli.calendar.held import Held, Key
    from notify_cli.calendar.member import Member

    former = tuple(
        replace(one, starts_at=one.starts_at - timedelta(days=1)) if one.meeting_id == MEETING_ID + 1 else one
        for one in meetings
        if one.ends_at > now
    )
    held = Held(
        Key(GROUP_ID, USER_ID),
        uid=calendar.uid(GROUP_ID, USER_ID, "example.org"),
        sequence=0,
        method="REQUEST",
        medium=Method.EMAIL,
        meetings=former,
        address="alice@example.org",
        group_name="Otters",
        until=former[-1].ends_at,
    )
    return Member(
        group_id=GROUP_ID,
        user_id=USER_ID,
        rehearsal=False,
        held=(held,) if reminder_type in (UPDATE, CANCEL) else (),
        plan=0,
        contact=0,
        is_active=True,
        group_is_active=True,
        has_channel=True,
        email="alice@example.org",
        by_dm=True,
        known_since=now,
        joined_at=now,
        is_early=False,
        told=frozenset(),
    )


def _courses() -> Courses:
    titles = dict([_DONE]) | _LESSONS
    entries = tuple(Entry(lesson_id, title, False, MEETING_ID) for lesson_id, title in titles.items())
    return Courses((Course(Path("sample.yaml"), "ai-safety", _COURSE, ("ai-safety",), entries),))
