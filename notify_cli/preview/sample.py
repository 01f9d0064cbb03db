"""A reader, a group and its meetings that exist nowhere: what a message looks like before anybody gets it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from notify_cli.config import Settings
from notify_cli.course import Course, Courses
from notify_cli.course.file import Entry
from notify_cli.model import Group, Meeting, Person
from notify_cli.platform.batch import Tables

USER_ID = 1
GROUP_ID = 1
SESSION_ID = 1
# The third meeting is the next: some lessons are behind, some ahead.
MEETING_ID = 3

_COURSE = "AI Safety Fundamentals"
_SERVER_ID = "800000000000000001"
_LESSONS = {"goal-misgeneralisation": "Goal misgeneralisation", "reward-hacking": "Reward hacking"}
_DONE = ("deceptive-alignment", "Deceptive alignment")


def tables(now: datetime, settings: Settings) -> Tables:
    """The rows behind every message, as if the next meeting were in 23 hours."""
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
        calendars={},
        courses=_courses(),
        enrolled={USER_ID: _COURSE},
    )


def _courses() -> Courses:
    titles = dict([_DONE]) | _LESSONS
    entries = tuple(Entry(lesson_id, title, False, MEETING_ID) for lesson_id, title in titles.items())
    return Courses((Course(Path("sample.yaml"), "ai-safety", _COURSE, ("ai-safety",), entries),))
