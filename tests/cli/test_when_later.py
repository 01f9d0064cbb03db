"""A time to come, as staff type it for a message that is to go out later."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from notify_cli import when
from notify_cli.errors import UsageError

# A Wednesday, 11:30 in Berlin.
NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The operator is in Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


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
        ("2020-01-01T00:00", None),
    ],
)
def test_it_is_understood_in_the_operators_zone_and_must_be_to_come(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="is past"):
            when.later(text, NOW)
    else:
        assert when.later(text, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["tomorrow", "Friday", "2026-12-01", "2026-W49-1"])
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


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(UsageError, match="does not exist"):
        when.later("28 mar 2027 2:30", NOW)


def test_it_is_told_in_full() -> None:
    assert when.in_full(NOW) == "Wednesday 25 November 2026, 11:30 CET (2026-11-25T10:30Z)"
