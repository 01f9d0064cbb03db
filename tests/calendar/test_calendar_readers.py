"""Independent readers of our invites: icalendar with recurring-ical-events, libical's iTIP checker, an attendee."""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from notify_cli import calendar
from notify_cli.calendar import Series
from notify_cli.calendar.recurrence import Occurrence, weekly
from notify_cli.model import Invite
from tests.support.attendee import AttendeeCalendar, Shown

EPOCH = datetime(2026, 2, 4, 15, tzinfo=UTC)
ALICE = "alice@example.org"
CHANNEL = "https://discord.com/channels/1/2"

LENGTHS = st.sampled_from([timedelta(minutes=60)] * 4 + [timedelta(minutes=m) for m in (0, 1, 45, 90, 1440)])
LINKS = st.sampled_from([None] * 4 + ["https://meet.example.org/a?b=c&d=ü", "Room 5"])
USUAL = st.builds(lambda week: EPOCH + timedelta(weeks=week), st.integers(0, 14))
SHIFTED = st.builds(
    lambda start, hours: start + timedelta(hours=hours), USUAL, st.sampled_from([-1, 1, 2, 24, -24, 48, 24 * 9])
)
ANYWHERE = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MEETINGS = st.builds(Occurrence, USUAL | USUAL | SHIFTED | ANYWHERE, LENGTHS, LINKS)
ROWS = st.lists(MEETINGS, min_size=1, max_size=14)


def series(rows: list[Occurrence], **changes: Any) -> Series:
    made = Series(
        uid=calendar.uid(7, 12, "example.org"),
        sequence=0,
        dtstamp=EPOCH,
        organizer_email="course@example.org",
        organizer_name="AI Safety, Course",
        attendee_email=ALICE,
        attendee_name='Alice "Ада" O\'Neil; née, ^n',
        title="Study group; Lovelace, Ada",
        description="Weekly.\nMembers: bob, carol \\ dave",
        location=CHANNEL,
        url=CHANNEL,
        occurrences=tuple(rows),
    )
    return replace(made, **changes)


def shown(rows: list[Occurrence]) -> list[Shown]:
    return sorted((one.starts_at, one.duration, one.join_url or CHANNEL) for one in set(rows))


def read(invite: Invite) -> list[Event]:
    parsed = Calendar.from_ical(invite.ics)
    assert not [error for event in parsed.events for error in event.errors]
    return parsed.events


@given(ROWS)
@settings(max_examples=150, deadline=None)
def test_a_calendar_shows_exactly_the_rows(rows: list[Occurrence]) -> None:
    alice = AttendeeCalendar(ALICE)
    invited = series(rows)
    alice.receive(calendar.request(invited))
    assert alice.shown() == shown(rows)
    assert set(calendar.expand(invited)) == set(rows)


@given(st.lists(st.builds(Occurrence, USUAL | SHIFTED | ANYWHERE, LENGTHS, LINKS), min_size=1, max_size=200))
@settings(max_examples=40, deadline=None)
def test_a_rule_is_bounded_keeps_the_order_and_expands_to_the_rows(rows: list[Occurrence]) -> None:
    rule = weekly(rows)
    assert set(rule.expand()) == set(rows)
    assert len(rule.gaps) <= 10 * len(set(rows))
    assert rule.first not in rule.gaps
    slots = [slot for slot, _ in rule.overrides]
    assert slots == sorted(set(slots))
    starts = [one.starts_at for _, one in rule.overrides]
    assert starts == sorted(starts)


def test_a_calendar_shows_two_hundred_irregular_meetings() -> None:
    rows = [Occurrence(EPOCH + timedelta(weeks=n, hours=n * n % 50), timedelta(minutes=30 + n % 3)) for n in range(200)]
    alice = AttendeeCalendar(ALICE)
    alice.receive(calendar.request(series(rows)))
    assert alice.shown() == shown(rows)


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_every_event_of_a_request_is_what_itip_asks(rows: list[Occurrence]) -> None:
    invite = calendar.request(series(rows))
    once = ("DTSTAMP", "DTSTART", "ORGANIZER", "SUMMARY", "UID", "SEQUENCE", "STATUS", "ATTENDEE", "LOCATION", "URL")
    master, *overrides = read(invite)
    for event in (master, *overrides):
        names = [name for name, _ in event.property_items(recursive=False)]
        assert [names.count(name) for name in once] == [1] * len(once)
        assert "RDATE" not in names
        assert str(event["STATUS"]) == "CONFIRMED"
        assert str(event["ORGANIZER"]) == "mailto:course@example.org"
        assert str(event["ATTENDEE"]) == f"mailto:{ALICE}"
        assert dict(event["ATTENDEE"].params) == {
            "CUTYPE": "INDIVIDUAL",
            "ROLE": "REQ-PARTICIPANT",
            "PARTSTAT": "NEEDS-ACTION",
            "RSVP": "TRUE",
            "CN": 'Alice "Ада" O\'Neil; née, ^n',
        }
        assert str(event["SUMMARY"]) == "Study group; Lovelace, Ada"
        assert str(event["DESCRIPTION"]) == "Weekly.\nMembers: bob, carol \\ dave"
    assert "RECURRENCE-ID" not in master
    assert all("RECURRENCE-ID" in event and "RRULE" not in event for event in overrides)
    assert len({event.decoded("RECURRENCE-ID") for event in overrides}) == len(overrides)
    assert ("RRULE" in master) == (len(set(rows)) > 1)


@given(st.lists(st.none() | ROWS, min_size=1, max_size=8), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_calendar_follows_every_history_of_changes(history: list[list[Occurrence] | None], leaving: bool) -> None:
    alice = AttendeeCalendar(ALICE)
    held = series([Occurrence(EPOCH, timedelta(hours=1))])
    alice.receive(calendar.request(held))
    former = [calendar.request(held)]
    for rows in history:
        if rows is None and not alice.uids:
            continue
        held = replace(
            held,
            sequence=held.sequence + 1,
            dtstamp=held.dtstamp + timedelta(minutes=1),
            occurrences=held.occurrences if rows is None else tuple(rows),
        )
        invite = calendar.cancel(held, leaving=leaving) if rows is None else calendar.request(held)
        alice.receive(invite)
        assert alice.shown() == shown(rows or [])
        assert not alice.ignored
        former.append(invite)
    for invite in former:
        alice.receive(invite)
    assert alice.ignored
    assert alice.shown() == shown(history[-1] or [])


# The attendee itself


def two() -> list[Occurrence]:
    return [Occurrence(EPOCH + timedelta(weeks=week), timedelta(hours=1)) for week in range(2)]


def test_an_attendee_ignores_what_is_older_repeated_or_unknown() -> None:
    alice, newer = AttendeeCalendar(ALICE), series(two(), sequence=2)
    alice.receive(calendar.cancel(newer, leaving=True))
    alice.receive(calendar.request(newer))
    alice.receive(calendar.request(newer))
    alice.receive(calendar.request(series(two()[:1], sequence=1, dtstamp=EPOCH + timedelta(days=1))))
    alice.receive(calendar.cancel(series(two(), sequence=1), leaving=True))
    assert [reason.rsplit(": ")[-1] for reason in alice.ignored] == [
        "unknown UID", "not newer than what is held", "not newer than what is held", "not newer than what is held"
    ]  # fmt: skip
    assert alice.shown() == shown(two())


def test_an_attendee_takes_the_later_dtstamp_of_the_same_sequence() -> None:
    alice = AttendeeCalendar(ALICE)
    alice.receive(calendar.request(series(two())))
    alice.receive(calendar.request(series(two()[:1], dtstamp=EPOCH + timedelta(seconds=1))))
    assert alice.shown() == shown(two()[:1])


def test_an_attendee_ignores_what_names_somebody_else() -> None:
    alice = AttendeeCalendar(ALICE)
    alice.receive(calendar.request(series(two(), attendee_email="bob@example.org")))
    assert not alice.uids
    assert "somebody else" in alice.ignored[0]


def test_an_attendee_does_not_bring_back_a_cancelled_series() -> None:
    alice = AttendeeCalendar(ALICE)
    alice.receive(calendar.request(series(two())))
    alice.receive(calendar.cancel(series(two(), sequence=2), leaving=False))
    alice.receive(calendar.request(series(two(), sequence=1)))
    assert (alice.shown(), alice.uids) == ([], set())
    alice.receive(calendar.request(series(two(), sequence=3)))
    assert alice.shown() == shown(two())


def test_an_attendee_loses_one_meeting_to_a_cancelled_instance() -> None:
    alice = AttendeeCalendar(ALICE)
    alice.receive(calendar.request(series(two())))
    cancelled = calendar.cancel(series(two()[1:], sequence=1), leaving=False).ics
    instance = cancelled.replace("STATUS:", "RECURRENCE-ID:20260211T150000Z\r\nSTATUS:")
    alice.receive(Invite("CANCEL", instance))
    assert not alice.ignored
    assert alice.shown() == shown(two()[:1])


# libical


@pytest.fixture(scope="module")
def libical() -> ctypes.CDLL:
    found = ctypes.util.find_library("ical")
    if found is None:
        pytest.skip("libical is not installed (Debian: apt-get install libical3)")
    library = ctypes.CDLL(found)
    library.icalparser_parse_string.argtypes = [ctypes.c_char_p]
    library.icalparser_parse_string.restype = ctypes.c_void_p
    library.icalrestriction_check.argtypes = [ctypes.c_void_p]
    library.icalcomponent_count_errors.argtypes = [ctypes.c_void_p]
    library.icalcomponent_free.argtypes = [ctypes.c_void_p]
    return library


def accepts(library: ctypes.CDLL, text: str) -> bool:
    component = library.icalparser_parse_string(text.encode())
    assert component
    try:
        keeps_restrictions = bool(library.icalrestriction_check(component))
        return keeps_restrictions and not library.icalcomponent_count_errors(component)
    finally:
        library.icalcomponent_free(component)


def test_libical_refuses_an_override_without_summary_and_an_event_without_organizer(libical: ctypes.CDLL) -> None:
    text = calendar.request(series([*two(), Occurrence(EPOCH + timedelta(days=15), timedelta(hours=1))])).ics
    before, _, override = text.rpartition("SUMMARY:")
    assert accepts(libical, text)
    assert not accepts(libical, before + override.partition("\r\n")[2])
    assert not accepts(libical, text.replace("ORGANIZER", "X-ORGANIZER"))


@given(rows=ROWS)
@settings(max_examples=100, deadline=None)
def test_libical_accepts_every_invite_and_cancellation(libical: ctypes.CDLL, rows: list[Occurrence]) -> None:
    invited = series(rows)
    assert accepts(libical, calendar.request(invited).ics)
    assert accepts(libical, calendar.cancel(invited, leaving=True).ics)
    assert accepts(libical, calendar.cancel(invited, leaving=False).ics)
