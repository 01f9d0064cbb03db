"""What shipped messages say of time is true whenever they can be read: at the edges of windows, around midnight."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from notify_cli import messages
from notify_cli.config import Settings
from notify_cli.messages import render
from notify_cli.messages.catalog import Catalog
from notify_cli.model import Facts, Group, Lesson, Meeting, Person
from tests.messages.test_render import page_text
from tests.support.paths import MESSAGES

CATALOG = messages.load(MESSAGES)
SETTINGS = Settings(frontend_url="https://course.example", discord_server_id="111")
OTTERS = Group(7, "Otters", "AI Safety", "999")
LESSONS = (Lesson("intro", "What is it?"), Lesson("deep", "Deeper"))

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
# How long before the meeting each message can be read: at first, at last.
WINDOWS = {
    "meeting_reminder_24h": (24 * HOUR, 18 * HOUR + MINUTE),
    "meeting_reminder_1h": (HOUR, 40 * MINUTE + MINUTE),
    "lesson_nudge_3d": (72 * HOUR, 48 * HOUR + MINUTE),
    "lesson_nudge_1d": (24 * HOUR, 12 * HOUR + MINUTE),
}
# A usual evening, both sides of midnight, and the nights on which the clocks change in Berlin and in New York.
STARTS = [
    datetime(2026, 2, 4, 20, 0, tzinfo=UTC),
    datetime(2026, 2, 4, 23, 0, tzinfo=UTC),
    datetime(2026, 2, 5, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
]
ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", None]
NUMBER = {"de": ("Stunde", "Minute", "Tag"), "en": ("hour", "minute", "day")}
WORDS = {"en": {"today": 0, "tomorrow": 1}, "de": {"heute": 0, "morgen": 1}}
WEEKDAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "de": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
}


def facts(start: datetime, before: timedelta, zone: str | None, **changes: object) -> Facts:
    alice = Person(1, "Alice", "alice@example.org", "555", zone)
    meeting = Meeting(4, 7, start, HOUR)
    made = Facts(start - before, alice, OTTERS, meeting, ("Bob",), LESSONS, LESSONS)
    return replace(made, **changes)  # type: ignore[arg-type]


def told(name: str, at: Facts, catalog: Catalog = CATALOG) -> str:
    """All that a reader sees of an email, in one text."""
    mail = render.email(catalog.section(name), catalog, at, SETTINGS, "k")
    return f"{mail.subject}\n{mail.text}\n{page_text(mail.html)}"


def judge(text: str, at: Facts, language: str) -> None:
    """Every word about a day or a span of time is compared with what is so."""
    assert at.meeting is not None
    assert at.person is not None
    zone = ZoneInfo(at.person.timezone or "UTC")
    start, now = at.meeting.starts_at.astimezone(zone), at.now.astimezone(zone)
    for word, days in WORDS[language].items():
        if re.search(rf"\b{word}\b", text):
            assert (start.date() - now.date()).days == days, text
    for number, day in enumerate(WEEKDAYS[language]):
        assert day not in text or start.weekday() == number, text
    hour, minute, _ = NUMBER[language]
    for hours, minutes in re.findall(rf"\b(?:(\d+) {hour}\w*)(?: (?:and|und) (\d+) {minute}\w*)?", text):
        span = timedelta(hours=int(hours), minutes=int(minutes or 0))
        assert abs(span - (at.meeting.starts_at - at.now)) <= MINUTE, text


@pytest.mark.parametrize(("name", "start", "zone"), list(product(WINDOWS, STARTS, ZONES)))
def test_what_is_said_of_time_is_true_at_both_edges_of_the_window(name: str, start: datetime, zone: str | None) -> None:
    for before in WINDOWS[name]:
        at = facts(start, before, zone)
        judge(told(name, at), at, "en")
        judge(told(name, at, CATALOG.for_reader("de", name)), at, "de")


@pytest.mark.parametrize(
    ("start", "now", "day"),
    [
        (datetime(2026, 2, 4, 20, 0, tzinfo=UTC), datetime(2026, 2, 4, 1, 30, tzinfo=UTC), "today"),
        (datetime(2026, 2, 4, 20, 0, tzinfo=UTC), datetime(2026, 2, 3, 20, 0, tzinfo=UTC), "tomorrow"),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), datetime(2026, 3, 28, 22, 30, tzinfo=UTC), "on Monday"),
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "today"),
    ],
)
def test_a_reminder_names_the_day_as_the_readers_calendar_has_it(start: datetime, now: datetime, day: str) -> None:
    at = facts(start, start - now, "Europe/Berlin")
    section = CATALOG.section("meeting_reminder_24h")
    mail = render.email(section, CATALOG, at, SETTINGS, "k")
    assert mail.subject == f"Reminder: Otters meeting {day}"
    assert f"meets {day} at " in mail.text
    post = render.discord(section, "discord_channel", CATALOG, replace(at, person=None), SETTINGS, "k")
    assert not re.search("today|tomorrow|yesterday", post.content)


def test_an_hours_reminder_that_is_late_says_how_late_it_is() -> None:
    at = facts(STARTS[0], 42 * MINUTE, "Europe/Berlin")
    section = CATALOG.section("meeting_reminder_1h")
    mail = render.email(section, CATALOG, at, SETTINGS, "k")
    post = render.discord(section, "discord_channel", CATALOG, replace(at, person=None), SETTINGS, "k")
    for text in (mail.subject, mail.text, page_text(mail.html), post.content):
        assert "1 hour" not in text
    assert mail.subject == "Reminder: Otters meeting in 42 minutes"
    assert "in 42 minutes" in mail.text
    assert "in 42 minutes" in post.content


@pytest.mark.parametrize(("is_next", "said"), [(True, "your next meeting"), (False, "your meeting")])
def test_only_the_next_meeting_is_called_that(is_next: bool, said: str) -> None:
    at = facts(STARTS[0], 72 * HOUR, "Europe/Berlin", is_next=is_next)
    text = told("lesson_nudge_3d", at)
    assert f"Before {said} on Wednesday 4 February" in text
    assert ("next meeting" in text) is is_next


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://meet.example.org/otters", "https://meet.example.org/otters"),
        (None, "https://discord.com/channels/111/999"),
    ],
)
def test_the_hours_reminder_leads_to_the_meeting_else_to_the_channel(link: str | None, shown: str) -> None:
    at = facts(STARTS[0], HOUR, "Europe/Berlin")
    assert at.meeting is not None
    at = replace(at, meeting=replace(at.meeting, join_url=link))
    section = CATALOG.section("meeting_reminder_1h")
    mail = render.email(section, CATALOG, at, SETTINGS, "k")
    post = render.discord(section, "discord_channel", CATALOG, replace(at, person=None), SETTINGS, "k")
    assert shown in mail.text
    assert f'href="{shown}"' in mail.html
    assert shown in post.content


@pytest.mark.parametrize("name", sorted(CATALOG.sections))
def test_no_shipped_sentence_has_a_break_inside(name: str) -> None:
    for part, text in CATALOG.section(name).parts.items():
        for before, after in zip(text.text.split("\n"), text.text.split("\n")[1:], strict=False):
            inside = re.search(r"[a-z,]$", before) and re.match(r"[a-z]", after)
            assert not inside, f"{part}: {before!r} goes on in {after!r}"
