"""Times and durations as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from notify_cli import times
from notify_cli.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = timedelta(days=3650)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_SPAN = re.compile(
    r"(?P<count>\d{1,9}|\ban?\b)\s*(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\b"
)
_AT = re.compile(
    r"(?:(?P<day>today|tomorrow|mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?)|(?P<date>\d{1,2})\.? (?P<month>[a-z]{3,9})(?: (?P<year>\d{4}))?)?"
    r",? ?(?:at )?(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))? ?(?P<half>am|pm)?(?P<utc> ?utc| ?z)?"
)


def instant(text: str) -> datetime:
    """An ISO 8601 time as an aware datetime; without a zone it is in the operator's own. Raises UsageError."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed if parsed.tzinfo else parsed.astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time: give one like 2026-02-04T15:00 or 2026-02-04T15:00Z") from None


def later(text: str, now: datetime) -> datetime:
    """A time to come: as for `instant`, or `in 2 hours`, `tomorrow 9:00`, `friday 18:00`, `4 feb 18:00`, `18:00`.

    Without a zone it is in the operator's own. `now` is aware. Raises UsageError for what is no time, or is past.
    """
    words = " ".join(text.lower().split())
    try:
        found = _span(words, now) if words.startswith("in ") else _clock_time(words, now)
        found = found or _iso(text.strip())
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a time: give one like 2026-02-04T15:00, 'tomorrow 9:00', 'friday 18:00' or 'in 2 hours'"
        ) from None
    if found < now - timedelta(minutes=1):
        raise UsageError(f"{in_full(found)} is past: give a time to come")
    return found


def in_full(at: datetime) -> str:
    """`Wednesday 4 February 2026, 16:00 CET (2026-02-04T15:00Z)`: the operator's zone, and beyond doubt."""
    day, _, clock = times.moment_here(at).partition(",")
    return f"{day} {at.astimezone().year},{clock} ({at.astimezone(UTC):%Y-%m-%dT%H:%MZ})"


def duration(text: str) -> timedelta:
    """A duration such as `30m`, `24h`, `7d` or `1d12h`. Raises UsageError."""
    compact = text.strip().lower().replace(" ", "")
    if not re.fullmatch(r"([0-9]{1,9}[smhdw])+", compact):
        raise UsageError(f"{text!r} is not a duration: give one like 30m, 24h or 7d")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhdw])", compact))
    if seconds > _LONGEST.total_seconds():
        raise UsageError(f"{text!r} is too long: at most {_LONGEST.days}d")
    return timedelta(seconds=seconds)


def _span(words: str, now: datetime) -> datetime:
    """`in 2 hours`, `in an hour and 30 minutes`, `in 1h30m`."""
    spelled = re.sub(r"(?<=\d)([smhdw])(?=\d)", r"\1 ", words.removeprefix("in "))
    parts = list(_SPAN.finditer(spelled))
    if not parts or re.sub(r"\s|,|\band\b", "", _SPAN.sub("", spelled)):
        raise ValueError(words)
    seconds = sum((int(part["count"]) if part["count"].isdigit() else 1) * _UNITS[part["unit"][0]] for part in parts)
    return now + timedelta(seconds=seconds)


def _clock_time(words: str, now: datetime) -> datetime | None:
    """A day, if any, with a time of day; None for what is not of this form."""
    found = _AT.fullmatch(words)
    # A number alone could be anything.
    if not found or not (found["day"] or found["month"] or found["minute"] or found["half"]):
        return None
    zone = UTC if found["utc"] else None
    clock = time(_hour(int(found["hour"]), found["half"]), int(found["minute"] or 0))
    candidates = [_local(day, clock, zone) for day in _days(found, now.astimezone(zone).date())]
    return next((at for at in candidates if at > now), candidates[-1])


def _days(found: re.Match[str], today: date) -> Iterable[date]:
    """The days that can be meant, nearest first."""
    day = found["day"]
    if found["month"]:
        month = 1 + _MONTHS.index(found["month"][:3])
        years = [int(found["year"])] if found["year"] else [today.year, today.year + 1]
        return [date(year, month, int(found["date"])) for year in years]
    if day == "today":
        return [today]
    if day == "tomorrow":
        return [today + timedelta(days=1)]
    if day:
        ahead = (_DAYS.index(day[:3]) - today.weekday()) % 7
        return [today + timedelta(days=ahead), today + timedelta(days=ahead + 7)]
    return [today, today + timedelta(days=1)]


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half == "pm" else 0)


def _local(day: date, clock: time, zone: tzinfo | None) -> datetime:
    naive = datetime.combine(day, clock)
    at = naive.replace(tzinfo=zone) if zone else naive.astimezone()
    if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise UsageError(f"{naive:%Y-%m-%d %H:%M} does not exist here: the clocks change that night")
    return at


def _iso(text: str) -> datetime:
    if re.fullmatch(r"\d{4}-[\dW-]+", text):
        raise UsageError(f"{text!r} has no time of day: add one, such as {text}T09:00")
    if re.fullmatch(r"today|tomorrow|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*", text.lower()):
        raise UsageError(f"{text!r} has no time of day: add one, such as '{text} 9:00'")
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.astimezone()
