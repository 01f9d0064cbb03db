"""Times and durations as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from notify_cli import times
from notify_cli.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = timedelta(days=3650)

_SPAN = re.compile(
    r"(?P<count>\d{1,9}|\ban?\b)\s*(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\b"
)
# A time of day at the end, and before it what is said of the day.
_CLOCK = re.compile(
    r"(?P<day>.*?)[ ,]*(?:\bat )?"
    r"(?<![\d:.])(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))? ?(?P<half>am|pm)?(?P<utc> ?utc| ?z)?",
    re.ASCII,
)


def instant(text: str) -> datetime:
    """An ISO 8601 time as an aware datetime; without a zone it is in the operator's own.

    Raises UsageError for what is no time, or one that the clocks skip.
    """
    try:
        return _aware(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time: give one like 2026-02-04T15:00 or 2026-02-04T15:00Z") from None


def later(text: str, now: datetime) -> datetime:
    """A time to come: as for `instant`, or `in 2 hours`, `tomorrow 9:00`, `friday 18:00`, `4 feb 18:00`, `18:00`.

    Without a zone it is in the operator's own. `now` is aware. Raises UsageError for what is no time, is past, or is
    skipped by the clocks.
    """
    words = " ".join(text.lower().split())
    try:
        found = _span(words, now) if words.startswith("in ") else _iso(text.strip()) or _spoken(words, now)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a time: give one like 2026-02-04T15:00, 'tomorrow 9:00', 'friday 18:00' or 'in 2 hours'"
        ) from None
    if found < now - timedelta(minutes=1):
        raise UsageError(f"{times.in_full(found)} is past: give a time to come")
    return found


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


def _iso(text: str) -> datetime | None:
    """An ISO 8601 time, None for anything else. Raises UsageError for a date alone."""
    if re.fullmatch(r"\d{4}-[\dW-]+|\d{8}", text):
        raise UsageError(f"{text!r} has no time of day: add one, such as {text}T09:00")
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _aware(parsed)


def _spoken(words: str, now: datetime) -> datetime:
    """A day, if any, with a time of day. Raises ValueError for what is not of this form, UsageError for a day alone."""
    from notify_cli.cli import days

    clock = _CLOCK.fullmatch(words)
    plain = clock and (clock["minute"] or clock["half"])
    if words and not plain and days.is_day(words, now.date()):  # the number in `feb 4` is no hour
        raise UsageError(f"{words!r} has no time of day: add one, such as '{words} 9:00'")
    if not clock or not (plain or clock["day"]):  # a number alone could be anything
        raise ValueError(words)
    zone = UTC if clock["utc"] else None
    at = time(_hour(int(clock["hour"]), clock["half"]), int(clock["minute"] or 0), tzinfo=zone)
    for day in days.meant(clock["day"], now.astimezone(zone).date()):
        found = _aware(datetime.combine(day, at))
        if found > now:
            break
    return found


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half == "pm" else 0)


def _aware(at: datetime) -> datetime:
    """The time itself, or in the operator's zone if it is in none. Raises UsageError if the clocks skip it there."""
    if at.tzinfo:
        return at
    if not _exists(at):
        step = timedelta(minutes=1)
        before = after = at.replace(second=0, microsecond=0)
        while not _exists(before):
            before -= step
        while not _exists(after):
            after += step
        raise UsageError(
            f"{at:%Y-%m-%d %H:%M} does not exist here: the clocks change that night; "
            f"the nearest times that do are {before:%Y-%m-%d %H:%M} and {after:%Y-%m-%d %H:%M}"
        )
    return at.astimezone()


def _exists(naive: datetime) -> bool:
    """Whether the operator's clocks ever show this."""
    # Not dateutil's tz.datetime_exists: it needs a zone, and its tzlocal is an hour off in Dublin and Casablanca.
    return naive.astimezone(UTC).astimezone().replace(tzinfo=None) == naive
