"""Time zones in a calendar: which names can be used, and the VTIMEZONE that tells a reader what a name means.

A VTIMEZONE is written with yearly rules. Lists of single dates (RDATE), which libraries write, are read wrongly:
ical.js takes only the first of a list, and is an hour off for all other years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

UTC_NAME = "UTC"

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# How many years a rule has to hold for before it is taken for one: three of them tell a last Sunday from a fourth.
_YEARS = 8


@dataclass(frozen=True, slots=True)
class Observance:
    """One half of a zone's year: since `start`, a local time on the clock before the change, and again every year.

    `month` and `day` (`-1SU`, the last Sunday) say when; both are empty in a zone whose clocks never change. Offsets
    are from UTC.
    """

    name: str
    daylight: bool
    start: datetime
    offset_from: timedelta
    offset_to: timedelta
    month: int = 0
    day: str = ""


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The zone of an IANA name. Raises ValueError for a name that is none."""
    if name == UTC_NAME:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:  # not in the database, or a folder of it
        raise ValueError(f"not a time zone: {name!r}") from error


@lru_cache(maxsize=256)
def observances(name: str, year: int) -> tuple[Observance, ...]:
    """What the zone's clocks do in this year and the next ones, as yearly rules; in the order of the year.

    Raises ValueError for an unknown zone, and for one whose changes follow no rule of the form "the last Sunday in
    March" (Morocco's follow the moon): a calendar in such a zone cannot be described.
    """
    place = zone(name)
    years = [list(_changes(place, y)) for y in range(year, year + _YEARS)]
    if not any(years):
        at = datetime(year, 1, 1, tzinfo=place)
        offset = at.utcoffset() or timedelta()
        return (Observance(at.tzname() or name, False, datetime(1970, 1, 1), offset, offset),)  # noqa: DTZ001 - local
    if len({len(changes) for changes in years}) != 1:
        raise ValueError(f"the clocks of {name} follow no yearly rule")
    return tuple(_observance(name, list(same)) for same in zip(*years, strict=True))


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the clocks: when, by the clock before it, and the offsets around it."""

    local: datetime
    before: timedelta
    after: timedelta
    name: str


def _observance(name: str, same: list[_Change]) -> Observance:
    """The rule behind the same change in several years."""
    first = same[0]
    if len({(one.local.month, one.local.time(), one.before, one.after, one.name) for one in same}) != 1:
        raise ValueError(f"the clocks of {name} follow no yearly rule")
    day = next(
        (day for day in _names(first.local.date()) if all(day in _names(one.local.date()) for one in same)), None
    )
    if day is None:
        raise ValueError(f"the clocks of {name} follow no yearly rule")
    return Observance(
        first.name, first.after > first.before, first.local, first.before, first.after, first.local.month, day
    )


def _names(day: date) -> list[str]:
    """What a day can be called within its month: the last Sunday, the fourth Sunday."""
    weekday = _DAYS[day.weekday()]
    is_last = (day + timedelta(days=7)).month != day.month
    return ([f"-1{weekday}"] if is_last else []) + [f"{(day.day - 1) // 7 + 1}{weekday}"]


def _changes(place: tzinfo, year: int) -> Iterator[_Change]:
    """The changes of the clocks in a year, found day by day, then to the second."""
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        later = at + timedelta(days=1)
        before, after = _offset(place, at), _offset(place, later)
        if before != after:
            moment = _between(place, at, later)
            local = moment.astimezone(place)
            yield _Change((moment + before).replace(tzinfo=None), before, after, local.tzname() or "")
        at = later


def _between(place: tzinfo, low: datetime, high: datetime) -> datetime:
    """The moment between the two at which the offset changes, to the second."""
    offset = _offset(place, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(place, middle) == offset else (low, middle)
    return high


def _offset(place: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(place).utcoffset() or timedelta()
