"""The weekly rule, the text of an invite and what the log keeps of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notify_cli import calendar
from notify_cli.calendar import Series
from notify_cli.calendar.recurrence import Occurrence, separate, weekly

HOUR = timedelta(hours=1)
FIRST = datetime(2026, 2, 4, 15, tzinfo=UTC)
CHANNEL = "https://discord.com/channels/1/2"


def meeting(
    week: int, *, days: int = 0, hours: int = 0, length: timedelta = HOUR, url: str | None = None
) -> Occurrence:
    return Occurrence(FIRST + timedelta(weeks=week, days=days, hours=hours), length, url)


WEEKLY = [meeting(week) for week in range(8)]


def series(occurrences: Iterable[Occurrence] = WEEKLY) -> Series:
    return Series(
        uid=calendar.uid(7, 12, "example.org"),
        sequence=3,
        dtstamp=datetime(2026, 2, 1, 9, 30, tzinfo=UTC),
        organizer_email="course@example.org",
        organizer_name="AI Safety Course",
        attendee_email="alice@example.org",
        attendee_name="Alice",
        title="Study group: Lovelace",
        description="Weekly meeting.\nMembers: bob, carol",
        location=CHANNEL,
        url=CHANNEL,
        occurrences=tuple(occurrences),
    )


def events(invite_text: str) -> list[list[str]]:
    """The unfolded lines of each VEVENT."""
    lines = invite_text.replace("\r\n ", "").split("\r\n")
    starts = [number for number, line in enumerate(lines) if line == "BEGIN:VEVENT"]
    ends = [number for number, line in enumerate(lines) if line == "END:VEVENT"]
    return [lines[start + 1 : end] for start, end in zip(starts, ends, strict=True)]


def named(lines: list[str], name: str) -> list[str]:
    return [line for line in lines if line.startswith((f"{name}:", f"{name};"))]


# The rule


def test_it_needs_neither_override_nor_gap_for_a_regular_series() -> None:
    rule = weekly(WEEKLY)
    assert (rule.first, rule.count, rule.gaps, rule.overrides) == (FIRST, 8, (), ())


def test_it_excepts_a_skipped_week() -> None:
    rule = weekly([*WEEKLY[:3], *WEEKLY[4:]])
    assert (rule.count, rule.gaps, rule.overrides) == (8, (WEEKLY[3].starts_at,), ())


def test_it_overrides_only_the_meeting_that_moved() -> None:
    moved = meeting(3, days=1, hours=2)
    rule = weekly([*WEEKLY[:3], moved, *WEEKLY[4:]])
    assert rule.overrides == ((WEEKLY[3].starts_at, moved),)
    assert rule.gaps == ()


def test_it_keeps_the_usual_time_when_the_first_meeting_moved() -> None:
    moved = meeting(0, days=-1)
    rule = weekly([moved, *WEEKLY[1:]])
    assert (rule.first, rule.overrides) == (FIRST, ((FIRST, moved),))


def test_it_overrides_a_meeting_of_another_length_or_link_in_its_place() -> None:
    longer, elsewhere = meeting(2, length=2 * HOUR), meeting(5, url="https://meet.example.org/x")
    rule = weekly([*WEEKLY[:2], longer, *WEEKLY[3:5], elsewhere, *WEEKLY[6:]])
    assert rule.overrides == ((longer.starts_at, longer), (elsewhere.starts_at, elsewhere))
    assert rule.gaps == ()


def test_it_shows_the_same_meetings_when_the_clocks_change_in_between() -> None:
    summer = [meeting(week, hours=-1) for week in range(5, 8)]
    rule = weekly([*WEEKLY[:5], *summer])
    assert rule.overrides == tuple((WEEKLY[week].starts_at, summer[week - 5]) for week in range(5, 8))


def test_it_puts_a_moved_meeting_on_the_slot_of_its_own_week() -> None:
    summer = [meeting(week, hours=-1) for week in (5, 6)]
    rule = weekly([*WEEKLY[:4], *summer])
    assert rule.gaps == (WEEKLY[4].starts_at,)
    assert [slot for slot, _ in rule.overrides] == [WEEKLY[5].starts_at, WEEKLY[6].starts_at]


def test_it_keeps_a_week_free_when_every_meeting_has_its_own_link() -> None:
    rule = weekly([meeting(week, url=f"https://meet.example.org/{week}") for week in (0, 1, 3)])
    assert rule.gaps == (WEEKLY[2].starts_at,)
    assert [slot for slot, _ in rule.overrides] == [WEEKLY[1].starts_at, WEEKLY[3].starts_at]


def test_it_begins_with_a_real_meeting_when_it_has_the_choice() -> None:
    rule = weekly([meeting(0), meeting(99)])
    assert (rule.first, rule.overrides) == (FIRST, ((WEEKLY[1].starts_at, meeting(99)),))


def test_it_begins_with_the_summer_time_when_most_meetings_are_in_summer() -> None:
    winter = [meeting(0, hours=1), meeting(1, hours=1)]
    assert len(weekly([*winter, *WEEKLY[2:]]).overrides) == 2


def test_it_gives_an_extra_meeting_a_slot_without_skipping_over_a_neighbour() -> None:
    rule = weekly([*WEEKLY, meeting(3, days=2)])
    assert rule.grid.weekdays == (2, 4)
    assert rule.first == FIRST
    assert rule.overrides == ()
    assert rule.expand() == tuple(sorted([*WEEKLY, meeting(3, days=2)], key=lambda one: one.starts_at))


def test_it_keeps_the_order_when_a_move_reorders_the_meetings() -> None:
    rule = weekly([*WEEKLY[:2], meeting(5, days=1), *WEEKLY[3:]])
    slots = [slot for slot, _ in rule.overrides]
    assert slots == sorted(slots)
    assert rule.expand() == tuple(sorted([*WEEKLY[:2], *WEEKLY[3:], meeting(5, days=1)], key=lambda m: m.starts_at))


@pytest.mark.parametrize("far", [meeting(520), meeting(520, days=1), meeting(-520), meeting(-520, hours=3)])
def test_it_leaves_no_hundreds_of_gaps_before_a_meeting_years_away(far: Occurrence) -> None:
    rule = weekly([*WEEKLY, far])
    assert (rule.count, rule.gaps, len(rule.overrides)) == (9, (), 1)


@pytest.mark.parametrize("every", [2, 3, 4])
def test_it_expresses_a_series_of_every_few_weeks_without_overrides_or_gaps(every: int) -> None:
    rule = weekly([meeting(week) for week in range(0, 6 * every, every)])
    assert (rule.first, rule.grid.interval, rule.count, rule.gaps, rule.overrides) == (FIRST, every, 6, (), ())


def test_it_excepts_what_is_skipped_of_a_fortnightly_series() -> None:
    rule = weekly([meeting(week) for week in (0, 2, 6, 8, 10)])
    assert (rule.grid.interval, rule.gaps, rule.overrides) == (2, (meeting(4).starts_at,), ())


def test_it_takes_rows_that_are_alike_for_one_meeting() -> None:
    assert weekly([*WEEKLY, WEEKLY[0]]) == weekly(WEEKLY)


def test_it_shows_both_of_two_different_meetings_at_the_same_time() -> None:
    both = (meeting(0), meeting(0, length=2 * HOUR))
    assert weekly(both).expand() == both


def test_it_leaves_a_meeting_in_one_series_only() -> None:
    late = meeting(1, hours=6)

    first, second = separate([*WEEKLY, late], [WEEKLY, [WEEKLY[0], late]])

    assert first == tuple(WEEKLY)
    assert second == (late,)


def test_it_refuses_a_series_without_meetings() -> None:
    with pytest.raises(ValueError, match="at least one meeting"):
        calendar.request(series([]))


def test_it_holds_starts_in_utc_and_whole_seconds() -> None:
    berlin = timezone(HOUR)
    odd = Occurrence(datetime(2026, 2, 4, 16, 0, 30, 999, tzinfo=berlin), timedelta(minutes=45, microseconds=7))
    assert odd == Occurrence(datetime(2026, 2, 4, 15, 0, 30, tzinfo=UTC), timedelta(minutes=45))


def test_it_refuses_times_without_a_zone() -> None:
    naive = datetime(2026, 2, 4, 15)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        Occurrence(naive, HOUR)
    with pytest.raises(ValueError, match="no time zone"):
        replace(series(), dtstamp=naive)


# The text


def test_it_writes_a_request() -> None:
    assert calendar.request(series([*WEEKLY[:2], WEEKLY[3]])).ics.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//notify//notify-cli//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "SUMMARY:Study group: Lovelace",
        "DTSTART:20260204T150000Z",
        "DTEND:20260204T160000Z",
        "DTSTAMP:20260201T093000Z",
        "UID:group-7-user-12@example.org",
        "SEQUENCE:3",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE:20260218T150000Z",
        'ATTENDEE;CN="Alice";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTI',
        " CIPANT;RSVP=TRUE:mailto:alice@example.org",
        r"DESCRIPTION:Weekly meeting.\nMembers: bob\, carol",
        f"LOCATION:{CHANNEL}",
        'ORGANIZER;CN="AI Safety Course":mailto:course@example.org',
        "STATUS:CONFIRMED",
        f"URL:{CHANNEL}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_it_writes_no_rule_for_a_series_of_one() -> None:
    (event,) = events(calendar.request(series(WEEKLY[:1])).ics)
    assert not named(event, "RRULE")
    assert named(event, "DTEND") == ["DTEND:20260204T160000Z"]


def test_it_repeats_everything_in_an_override() -> None:
    moved = meeting(3, hours=2, length=HOUR / 2, url="https://meet.example.org/extra")
    master, override = events(calendar.request(series([*WEEKLY[:3], moved, *WEEKLY[4:]])).ics)
    changed = ("DTSTART", "DTEND", "LOCATION", "URL", "RRULE", "RECURRENCE-ID")
    assert [line for line in override if not line.startswith(changed)] == [
        line for line in master if not line.startswith(changed)
    ]
    assert [line for line in override if line.startswith(changed)] == [
        "DTSTART:20260225T170000Z",
        "DTEND:20260225T173000Z",
        "RECURRENCE-ID:20260225T150000Z",
        "LOCATION:https://meet.example.org/extra",
        "URL:https://meet.example.org/extra",
    ]


def test_it_writes_no_url_that_is_none() -> None:
    (event,) = events(calendar.request(series([meeting(0, url="Room 5, first floor")])).ics)
    assert named(event, "LOCATION") == [r"LOCATION:Room 5\, first floor"]
    assert named(event, "URL") == [f"URL:{CHANNEL}"]


def test_it_cancels_a_series_that_is_gone_with_a_status() -> None:
    invite = calendar.cancel(series([*WEEKLY[:3], meeting(3, hours=1), *WEEKLY[4:]]), leaving=False)
    (event,) = events(invite.ics)
    assert invite.method == "CANCEL"
    assert "\r\nMETHOD:CANCEL\r\n" in invite.ics
    assert named(event, "STATUS") == ["STATUS:CANCELLED"]
    assert named(event, "SEQUENCE") == ["SEQUENCE:3"]
    assert not named(event, "RECURRENCE-ID")


def test_it_cancels_without_a_status_for_a_member_who_leaves_and_names_them() -> None:
    (event,) = events(calendar.cancel(series(), leaving=True).ics)
    assert not named(event, "STATUS")
    (attendee,) = named(event, "ATTENDEE")
    assert attendee.endswith(":mailto:alice@example.org")


def test_it_writes_quotes_and_carets_in_a_name_as_rfc_6868_says() -> None:
    (event,) = events(calendar.request(replace(series(), attendee_name='Zoë "Zo^é" Łuk, PhD')).ics)
    (attendee,) = named(event, "ATTENDEE")
    assert """;CN="Zoë ^'Zo^^é^' Łuk, PhD";""" in attendee


def test_it_quotes_every_name() -> None:
    (event,) = events(calendar.request(replace(series(), organizer_name="Zoë")).ics)
    assert named(event, "ORGANIZER") == ['ORGANIZER;CN="Zoë":mailto:course@example.org']


def test_it_names_nobody_who_has_no_name() -> None:
    (event,) = events(calendar.request(replace(series(), organizer_name="", attendee_name="\x00")).ics)
    assert named(event, "ORGANIZER") == ["ORGANIZER:mailto:course@example.org"]
    assert "CN=" not in named(event, "ATTENDEE")[0]


def test_it_writes_a_line_for_each_skipped_week() -> None:
    (event,) = events(calendar.request(series([*WEEKLY[:3], *WEEKLY[5:]])).ics)
    assert named(event, "EXDATE") == ["EXDATE:20260225T150000Z", "EXDATE:20260304T150000Z"]


def test_it_lets_no_value_start_a_line_of_its_own() -> None:
    evil = "x\r\nATTENDEE:mailto:eve@example.org\x0b\x85\u2028METHOD:CANCEL\x00\ud800"
    held = replace(
        series([meeting(0, url=evil)]),
        uid=evil,
        organizer_email=evil,
        organizer_name=evil,
        attendee_email=evil,
        attendee_name=evil,
        title=evil,
        description=evil,
        location=evil,
        url=evil,
    )
    (event,) = events(calendar.request(held).ics)
    names = [line.split(":")[0].split(";")[0] for line in event]
    assert names == ["SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "SEQUENCE", "ATTENDEE", "DESCRIPTION", "LOCATION",
                     "ORGANIZER", "STATUS"]  # fmt: skip


@given(st.text(), st.text())
@example("\U0001f600" * 60, "é" * 200)
@example("x" * 75, "\n" * 80)
def test_it_folds_at_75_octets_with_single_line_ends(title: str, description: str) -> None:
    text = calendar.request(replace(series(), title=title, attendee_name=title, description=description)).ics
    assert text.endswith("\r\n")
    assert "\r\r" not in text
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert not any(character in line for line in lines for character in "\r\n\x00\x0b\x85\u2028")


# Identity


def test_it_gives_a_member_of_a_group_the_same_uid_always() -> None:
    assert calendar.uid(7, 12, "Example.org") == "group-7-user-12@example.org"


def test_it_gives_every_member_of_every_group_another_uid() -> None:
    assert len({calendar.uid(g, u, d) for g in (1, 11) for u in (1, 11) for d in ("a.org", "b.org")}) == 8


@given(st.text())
@example("a" * 300)
@example("bücher.example")
def test_it_keeps_a_uid_within_255_octets_of_ascii(domain: str) -> None:
    made = calendar.uid(2**31 - 1, 2**31 - 1, domain)
    assert made.isascii()
    assert made.isprintable()
    assert len(made) <= 255


# What a calendar shows


def test_it_shows_in_a_preview_what_the_calendar_will_show() -> None:
    assert calendar.expand(series()) == tuple(WEEKLY)
    assert calendar.expand(series([])) == ()
