"""Times and durations as people type them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from notify_cli import times
from notify_cli.cli import when
from notify_cli.errors import UsageError


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The operator is in Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


# A Wednesday, 13:00 in Berlin.
NOW = datetime(2026, 2, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-04T15:00Z", "2026-02-04T15:00+00:00"),
        ("2026-02-04T15:00:30+05:30", "2026-02-04T09:30:30+00:00"),
        ("2026-02-04T15:00", "2026-02-04T14:00+00:00"),
        ("2026-07-04T15:00", "2026-07-04T13:00+00:00"),
        (" 2026-02-04 15:00 ", "2026-02-04T14:00+00:00"),
        ("20260204T150000Z", "2026-02-04T15:00+00:00"),
        ("2026-02-04", "2026-02-03T23:00+00:00"),
    ],
)
def test_a_time_without_a_zone_is_the_operators(text: str, expected: str) -> None:
    found = when.instant(text)
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is not None


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30T15:00", "2026-02-04T25:00", "9999-99-99", "7"])
def test_what_is_no_time_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        when.instant(text)
    examples = "2026-02-04T15:00, 'tomorrow 9:00', 'friday 18:00' or 'in 2 hours'"
    assert str(caught.value) == f"{text!r} is not a time: give one like {examples}"


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_at_the_ends_of_the_calendar_is_a_time_or_an_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert when.instant(text).tzinfo is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 1 D 12 H ", timedelta(days=1, hours=12)),
        ("0m", timedelta(0)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_a_duration_is_numbers_with_units(text: str, expected: timedelta) -> None:
    assert when.duration(text) == expected


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "1y", "7 days ago", "1h-2h", "٣d"])
def test_what_is_no_duration_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration: give one like 30m, 24h or 7d"):
        when.duration(text)


@pytest.mark.parametrize("text", ["3651d", "999999999w", "3650d1s"])
def test_a_duration_beyond_ten_years_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is too long: at most 3650d"):
        when.duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in 2 hours", "2026-02-04T14:00Z"),
        ("in an hour and 30 minutes", "2026-02-04T13:30Z"),
        ("in 1h30m", "2026-02-04T13:30Z"),
        ("18:00", "2026-02-04T17:00Z"),
        ("9:00", "2026-02-05T08:00Z"),
        ("tomorrow 9:00", "2026-02-05T08:00Z"),
        ("tomorrow at 9am", "2026-02-05T08:00Z"),
        ("today 12pm utc", "2026-02-04T12:00Z"),
        ("friday 18:00", "2026-02-06T17:00Z"),
        ("wednesday 9:00", "2026-02-11T08:00Z"),
        ("4 mar 18:00", "2026-03-04T17:00Z"),
        ("3 feb 18:00", "2027-02-03T17:00Z"),
        ("2026-02-04T15:00Z", "2026-02-04T15:00Z"),
        ("2026-02-04T15:00", "2026-02-04T14:00Z"),
    ],
)
def test_a_time_to_come_may_be_said_in_words(text: str, expected: str) -> None:
    assert when.later(text, NOW) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text", ["", "soon", "in", "in 2", "7", "tomorrow", "2026-02-05", "13pm", "31 feb 9:00", "25:00"]
)
def test_what_is_no_time_to_come_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        when.later(text, NOW)


def test_a_past_time_is_refused() -> None:
    with pytest.raises(UsageError, match="is past: give a time to come"):
        when.later("2026-02-04T11:00Z", NOW)
    with pytest.raises(UsageError, match="is past"):
        when.later("today 9:00", NOW)


def test_an_hour_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(UsageError, match="the clocks change that night"):
        when.later("29 mar 2:30", NOW)


def test_a_time_is_repeated_in_full() -> None:
    assert times.in_full(NOW) == "Wednesday 4 February 2026, 13:00 CET (2026-02-04T12:00Z)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow 9:00", "2026-02-05T08:00"),
        ("yesterday 9:00", "2026-02-03T08:00"),
        ("2 hours ago", "2026-02-04T10:00"),
        ("2h", "2026-02-04T14:00"),
        ("tomorrow", "2026-02-04T23:00"),
        ("18:00", "2026-02-04T17:00"),
        ("last friday noon", "2026-01-30T11:00"),
    ],
)
def test_any_time_may_be_said_in_the_words_of_a_time_to_come(text: str, expected: str) -> None:
    assert when.instant(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", "2026-02-04T10:00"),
        ("1d12h", "2026-02-03T00:00"),
        ("2 hours ago", "2026-02-04T10:00"),
        ("yesterday", "2026-02-02T23:00"),
        ("yesterday 9:00", "2026-02-03T08:00"),
        ("today", "2026-02-03T23:00"),
        ("wednesday", "2026-02-03T23:00"),
        ("friday 18:00", "2026-01-30T17:00"),
        ("wednesday 18:00", "2026-01-28T17:00"),
        ("18:00", "2026-02-03T17:00"),
        ("4 mar", "2025-03-03T23:00"),
        ("2026-01-31", "2026-01-30T23:00"),
        ("2026-01-31T12:00Z", "2026-01-31T12:00"),
        ("tomorrow", None),
        ("in 2 hours", None),
    ],
)
def test_a_time_since_when_is_the_last_that_is_past(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="is to come: give a time that is past"):
            when.since(text, NOW)
    else:
        assert when.since(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "7", "-1d", "friday or so"])
def test_what_is_no_time_that_is_past_is_told_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time: give one like 2h, 7d, yesterday"):
        when.since(text, NOW)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("24h", 24), ("1d12h", 36), ("friday 18:00", 53), ("tomorrow", 35), ("in 2 hours", 2), ("2026-02-05T12:00Z", 24)],
)
def test_a_time_within_which_is_a_length_or_ends_with_a_moment_or_a_day(text: str, hours: int) -> None:
    assert when.within(text, NOW) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("soon", "'soon' is not a duration: give one like 30m, 24h or 7d, or a time to come"),
        ("yesterday", "is past"),
        ("9999w", "is too long"),
        ("", "is not a duration"),
    ],
)
def test_what_is_no_time_within_which_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        when.within(text, NOW)


@pytest.mark.parametrize(("zone", "day"), [("America/Havana", "2027-03-14")])
def test_a_day_begins_when_the_clocks_go_on_where_they_skip_midnight(
    zone: str, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        assert when.instant(day) == datetime(2027, 3, 14, 5, tzinfo=UTC)
    time.tzset()
