"""Times in words, in a reader's own zone: English whatever the host's locale says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_HALF_A_YEAR = timedelta(days=183)

# Zone names come from users: nothing that could be a path out of the zone database.
_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")


@lru_cache(maxsize=1024)  # a group's meeting is told to each member, in subject, text and page
def moment(at: datetime, zone: str | None) -> str:
    """`Wednesday 4 February, 16:00 CET`; UTC, and saying so, for a zone that is None, unknown or malformed."""
    local = at.astimezone(_zone(zone))
    return f"{_date(local)}, {local.hour:02}:{local.minute:02} {_abbreviation(local)}"


def moment_here(at: datetime) -> str:
    """`Wednesday 4 February, 16:00 CET` in the zone of this host."""
    here = at.astimezone()
    return f"{_date(here)}, {here:%H:%M} {_abbreviation(here)}"


def in_full(at: datetime) -> str:
    """`Wednesday 4 February 2026, 16:00 CET (2026-02-04T15:00Z)`: in the zone of this host, and beyond doubt."""
    day, _, rest = moment_here(at).partition(",")
    return f"{day} {at.astimezone().year},{rest} ({at.astimezone(UTC):%Y-%m-%dT%H:%MZ})"


def in_zone(at: datetime, zone: str | None) -> datetime:
    """The time in the reader's zone, UTC for a zone that is None, unknown or malformed."""
    return at.astimezone(_zone(zone))


def weekday(at: datetime, zone: str | None) -> str:
    """`Wednesday` in the reader's zone, UTC for a zone that is None, unknown or malformed."""
    return _DAYS[in_zone(at, zone).weekday()]


def date(at: datetime, zone: str | None) -> str:
    """`Wednesday 4 February` in the reader's zone, UTC for a zone that is None, unknown or malformed."""
    return _date(at.astimezone(_zone(zone)))


def month(number: int) -> str:
    """`February` for 2."""
    return _MONTHS[number - 1]


def zone_at(at: datetime, zone: str | None) -> str:
    """What the reader's zone is called at that time: `CET`; UTC for a zone that is None, unknown or malformed."""
    return _abbreviation(at.astimezone(_zone(zone)))


def days_between(now: datetime, at: datetime, zone: str | None) -> int:
    """How many midnights of the reader's zone lie between the two: 0 today, 1 tomorrow, -1 yesterday."""
    return (in_zone(at, zone).date() - in_zone(now, zone).date()).days


def local(at: datetime, now: datetime) -> str:
    """`Wed 4 Feb 16:00 CET` in the zone of this host, for its operator; with the year where that is not plain."""
    here = at.astimezone()
    return f"{day(at, now)} {clock(at)} {_abbreviation(here)}"


def day(at: datetime, now: datetime) -> str:
    """`Wed 4 Feb` in the zone of this host, `Wed 4 Feb 2025` where it is half a year or more from `now`."""
    here = at.astimezone()
    year = f" {here.year}" if abs(at - now) > _HALF_A_YEAR else ""
    return f"{_DAYS[here.weekday()][:3]} {here.day} {month(here.month)[:3]}{year}"


def clock(at: datetime) -> str:
    """`16:00` in the zone of this host."""
    return f"{at.astimezone():%H:%M}"


def zone_here(at: datetime) -> str:
    """What the zone of this host is called at that time: `CET`."""
    return _abbreviation(at.astimezone())


def distance(left: timedelta) -> str:
    """How long until something, to fit "It starts in ...": to the minute below a day, to the hour above.

    What has begun already reads "0 minutes (it has already started)": true, and still a sentence.
    """
    seconds = left.total_seconds()
    if seconds <= 0:
        return "0 minutes (it has already started)"
    if seconds < 60:
        return "less than a minute"
    minutes = int(seconds + 30) // 60
    if minutes < 60:
        return _count(minutes, "minute")
    if minutes < 24 * 60:
        return _both(minutes // 60, "hour", minutes % 60, "minute")
    hours = (minutes + 30) // 60
    return _both(hours // 24, "day", hours % 24, "hour")


def _both(large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = f" and {_count(small, small_unit)}" if small else ""
    return _count(large, large_unit) + rest


def _count(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _date(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {month(local.month)}"


def _abbreviation(local: datetime) -> str:
    """`CET`; for zones that have only a number in place of letters, `UTC-3` or `UTC+5:45`."""
    name = local.tzname() or ""
    if name[:1].isalpha():
        return name
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


@lru_cache(maxsize=1024)
def zone_name(typed: str | None) -> str | None:
    """The name of the zone database for a name that somebody typed; None where there is none.

    Blanks around it and the case of its letters do not matter. Names come from users: nothing that could be a path out
    of the zone database is looked up.
    """
    name = (typed or "").strip(" \t")
    if len(name) > 64 or not _ZONE_NAME.fullmatch(name):
        return None
    if _load(name) is not None:
        return name
    return _by_lower_case().get(name.lower())


@cache
def _by_lower_case() -> dict[str, str]:
    """Every name there is; read from the disk for a name that is not written as it should be."""
    return {name.lower(): name for name in available_timezones()}


def _zone(typed: str | None) -> tzinfo:
    name = zone_name(typed)
    return (_load(name) if name else None) or UTC


@lru_cache(maxsize=1024)
def _load(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # not in the database, or a folder of it
        return None
