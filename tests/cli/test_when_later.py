"""A time to come, as staff type it for a message that is to go out later."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from notify_cli import times
from notify_cli.cli import when
from notify_cli.errors import UsageError

# A Wednesday, 11:30 in Berlin.
NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)


@contextmanager
def operators_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The operator is there."""
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with operators_zone("Europe/Berlin", monkeypatch):
        yield


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01T10:00Z", "2026-12-01T10:00"),
        ("2026-12-01T10:00", "2026-12-01T09:00"),
        ("2026-07-01 10:00+02:00", None),
        ("in 2 hours", "2026-11-25T12:30"),
        ("in an hour and 30 minutes", "2026-11-25T12:00"),
        ("in 1h30m", "2026-11-25T12:00"),
        ("in 90 min", "2026-11-25T12:00"),
        ("in 2 weeks", "2026-12-09T10:30"),
        ("tomorrow 9:00", "2026-11-26T08:00"),
        ("Tomorrow at 9", "2026-11-26T08:00"),
        ("today 18:00", "2026-11-25T17:00"),
        ("today 9:00", None),
        ("friday 18:00", "2026-11-27T17:00"),
        ("wed 18:00", "2026-11-25T17:00"),
        ("wednesday 9:00", "2026-12-02T08:00"),
        ("18:00", "2026-11-25T17:00"),
        ("9am", "2026-11-26T08:00"),
        ("12am", "2026-11-25T23:00"),
        ("4 feb 18:00", "2027-02-04T17:00"),
        ("24 December 2026, 9:30 UTC", "2026-12-24T09:30"),
        ("2h", "2026-11-25T12:30"),
        ("9 hours", "2026-11-25T19:30"),
        ("2 hours ago", None),
        ("noon", "2026-11-25T11:00"),
        ("tomorrow noon", "2026-11-26T11:00"),
        ("next friday 9:00", "2026-11-27T08:00"),
        ("next wednesday 18:00", "2026-12-02T17:00"),
        ("yesterday 9:00", None),
        ("last friday 9:00", None),
        ("2020-01-01T00:00", None),
    ],
)
def test_it_is_understood_in_the_operators_zone_and_must_be_to_come(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="is past"):
            when.later(text, NOW)
    else:
        assert when.later(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["tomorrow", "Friday", "next friday", "2026-12-01", "2026-W49-1"])
def test_a_day_without_a_time_of_day_is_not_guessed_at(text: str) -> None:
    with pytest.raises(UsageError, match="no time of day"):
        when.later(text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("", "9", "soon", "in", "in foo", "in 2 fortnights", "in 99999999 weeks", "yesterday 9:00"),
        *("13pm", "25:00", "31 feb 9:00", "4 foo 9:00", "9999-12-31T23:59", "tomorrow 9:00 or so"),
    ],
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="tomorrow 9:00"):
        when.later(text, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feb 4 18:00", "2027-02-04T17:00"),
        ("4th of February 6:30pm", "2027-02-04T17:30"),
        ("Sept. 1st, 2027 at 9", "2027-09-01T07:00"),
        ("2027-02-04 9am", "2027-02-04T08:00"),
        ("thurs, 9:00", "2026-11-26T08:00"),
        ("4 feb 18", "2027-02-04T17:00"),
        ("29 feb 2028 9:00", "2028-02-29T08:00"),
    ],
)
def test_a_date_may_be_written_in_any_order_that_is_clear(text: str, expected: str) -> None:
    assert when.later(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_day_that_few_years_have_is_the_next_of_these_two_that_has_it() -> None:
    assert when.later("29 feb 9:00", NOW.replace(year=2027)) == datetime(2028, 2, 29, 8, tzinfo=UTC)
    with pytest.raises(UsageError, match="is not a time"):
        when.later("29 feb 9:00", NOW)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("4/2/2027 18:00", "4/2/2027"),
        ("13.2.2027 18:00", "13.2.2027"),
        ("4 feb 27 18:00", "4 feb 27"),
        ("29 4 dec 18:00", "29 4 dec"),
        ("friday 4 feb 2027 18:00", "friday 4 feb 2027"),
        ("feb of 4 18:00", "feb of 4"),
        ("feb 18:00", "feb"),
        ("4 18:00", "4"),
        ("1am feb 18:00", "1am feb"),
        ("4 feb 18:00 19:00", "4 feb 18:00"),
    ],
)
def test_a_day_that_could_be_another_is_not_guessed_at(text: str, day: str) -> None:
    with pytest.raises(UsageError) as caught:
        when.later(text, NOW)
    assert str(caught.value) == f"{day!r} is no clear day: give one like friday, 4 feb, 4 feb 2027 or 2027-02-04"


@pytest.mark.parametrize("text", ["4 feb", "feb 4", "4 feb 2027", "20270204"])
def test_nor_is_the_time_of_day_on_a_date(text: str) -> None:
    with pytest.raises(UsageError, match="no time of day"):
        when.later(text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("4 feb 18:00-19:00", "4 feb 12:00 - 18:00", "18:00 -05:00", "18:00 CET", "4 feb 1800", "1800", "٩:00"),
        *("8:0" + "9" * 40, "the 4th 9:00", "next 9:00", "last feb 9:00"),
    ],
)
def test_what_dateutil_alone_would_make_something_of_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        when.later(text, NOW)


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(UsageError, match="does not exist"):
        when.later("28 mar 2027 2:30", NOW)


@pytest.mark.parametrize(
    ("zone", "skipped", "nearest"),
    [
        ("Europe/Berlin", "2027-03-28T02:30:15", ("2027-03-28 01:59", "2027-03-28 03:00")),
        ("Europe/Dublin", "2027-03-28T01:00", ("2027-03-28 00:59", "2027-03-28 02:00")),
        ("America/New_York", "2027-03-14T02:59", ("2027-03-14 01:59", "2027-03-14 03:00")),
        ("Australia/Lord_Howe", "2027-10-03T02:00", ("2027-10-03 01:59", "2027-10-03 02:30")),
        ("America/Havana", "2027-03-14T00:30", ("2027-03-13 23:59", "2027-03-14 01:00")),
    ],
)
def test_in_every_notation_it_is_refused_and_the_nearest_are_named(
    zone: str, skipped: str, nearest: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.fromisoformat(skipped)
    told = f"{at:%Y-%m-%d %H:%M} does not exist here: the clocks change that night; the nearest times that do are "
    notations = (skipped, f"{at:%Y-%m-%d %H:%M}", f"{at:%d %b %Y %H:%M}", f"{at:%B %d %I:%M%p}")
    with operators_zone(zone, monkeypatch):
        for text in notations:
            with pytest.raises(UsageError, match=f"^{re.escape(told)}{nearest[0]} and {nearest[1]}$"):
                when.later(text, NOW)
        with pytest.raises(UsageError, match=f"{nearest[0]} and {nearest[1]}$"):
            when.instant(skipped)
        for text in nearest:
            assert f"{when.later(text, NOW):%Y-%m-%d %H:%M}" == f"{when.instant(text):%Y-%m-%d %H:%M}" == text


def test_a_time_that_the_clocks_skip_tomorrow_is_no_obstacle_today() -> None:
    night = datetime(2027, 3, 27, 0, 0, tzinfo=UTC)
    assert when.later("2:30", night) == datetime(2027, 3, 27, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Dublin", "2027-02-15T09:00"),  # whose zone data have an hour less in winter, not one more in summer
        ("Africa/Casablanca", "2027-02-15T09:00"),  # an hour less in Ramadan
        ("Asia/Kathmandu", "2027-02-15T03:15"),
    ],
)
def test_the_operators_zone_is_as_the_system_knows_it(
    zone: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with operators_zone(zone, monkeypatch):
        for text in ("15 feb 2027 9:00", "2027-02-15T09:00"):
            assert when.later(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_it_is_told_in_full() -> None:
    assert times.in_full(NOW) == "Wednesday 25 November 2026, 11:30 CET (2026-11-25T10:30Z)"
