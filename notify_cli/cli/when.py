"""Times and durations as people type them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from notify_cli import times
from notify_cli.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = timedelta(days=3650)
_EXAMPLES = "2026-02-04T15:00, 'tomorrow 9:00', 'friday 18:00' or 'in 2 hours'"

# What a day without a time of day means: its beginning, its end, or nothing that could be sent at.
Alone = Literal["begins", "ends", "refused"]

_DATE = re.compile(r"\d{4}-[\dWw-]+|\d{8}", re.ASCII)
_SPAN = re.compile(
    r"(?P<count>\d{1,9}|\ban?\b)\s*(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\b"
)
# A time of day at the end, and before it what is said of the day.
_CLOCK = re.compile(
    r"(?P<day>.*?)[ ,]*(?:\bat )?"
    r"(?<![\d:.])(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))? ?(?P<half>am|pm)?(?P<utc> ?utc| ?z)?",
    re.ASCII,
)


def instant(text: str, now: datetime | None = None) -> datetime:
    """Any time, past or to come: as for `later`, or `yesterday 9:00`, `2 hours ago`; a day alone is its beginning.

    Raises UsageError for what is no time, or one that the clocks skip.
    """
    return _read(text, now or datetime.now(UTC), _EXAMPLES)


def later(text: str, now: datetime) -> datetime:
    """A time to come: ISO 8601, or `in 2 hours`, `2h`, `tomorrow noon`, `next friday 9:00`, `4 feb 18:00`, `18:00`.

    Without a zone it is in the operator's own. `now` is aware. Raises UsageError for what is no time, is past, or is
    skipped by the clocks; and for a day without a time of day.
    """
    found = _read(text, now, _EXAMPLES, alone="refused")
    if found < now - timedelta(minutes=1):
        raise UsageError(f"{times.in_full(found)} is past: give a time to come, such as 'tomorrow 9:00'")
    return found


def since(text: str, now: datetime) -> datetime:
    """A time that is past: `2h` and `7d` are so long ago, else as for `instant`; `friday` is the last one.

    Raises UsageError for what is no time, or is to come.
    """
    found = _read(text, now, "2h, 7d, yesterday, 'monday 9:00' or 2026-02-04T15:00", back=True)
    if found > now:
        raise UsageError(f"{times.in_full(found)} is to come: give a time that is past, such as 7d or yesterday")
    return found


def within(text: str, now: datetime) -> timedelta:
    """How long until a time to come: a duration, or a time as for `later`; a day alone is meant to its end.

    Raises UsageError for what is neither.
    """
    if re.fullmatch(r"[0-9smhdw ]+", text.strip().lower()):
        return duration(text)
    try:
        found = _parse(text, now, alone="ends")
    except (ValueError, OverflowError):
        examples = "30m, 24h or 7d, or a time to come such as 'friday 18:00'"
        raise UsageError(f"{text!r} is not a duration: give one like {examples}") from None
    if found < now:
        raise UsageError(f"{times.in_full(found)} is past: give a time to come, such as 'friday 18:00'")
    return found - now


def duration(text: str) -> timedelta:
    """A duration such as `30m`, `24h`, `7d` or `1d12h`. Raises UsageError."""
    compact = text.strip().lower().replace(" ", "")
    if not re.fullmatch(r"([0-9]{1,9}[smhdw])+", compact):
        raise UsageError(f"{text!r} is not a duration: give one like 30m, 24h or 7d")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhdw])", compact))
    if seconds > _LONGEST.total_seconds():
        raise UsageError(f"{text!r} is too long: at most {_LONGEST.days}d")
    return timedelta(seconds=seconds)


def _read(text: str, now: datetime, examples: str, *, back: bool = False, alone: Alone = "begins") -> datetime:
    """The time that a text names. Raises UsageError with these examples."""
    try:
        return _parse(text, now, back=back, alone=alone)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time: give one like {examples}") from None


def _parse(text: str, now: datetime, *, back: bool = False, alone: Alone = "begins") -> datetime:
    """The time that a text names: of those it can mean the first to come, or the last that is past where it looks back.

    `alone` is what a day without a time of day means. Raises ValueError or OverflowError for what is no time.
    """
    words = re.sub(r"\bnoon\b", "12:00", " ".join(text.lower().split()))
    found = _iso(text.strip()) or _span(words, now, back=back)
    if found is not None:
        return found
    if (day := _day(words, now, back=back)) is None:
        return _spoken(words, now, back=back)
    if alone == "refused":
        raise UsageError(f"{text!r} has no time of day: add one, such as '{text} 9:00'")
    return _first_of(day if alone == "begins" else day + timedelta(days=1))


def _span(words: str, now: datetime, *, back: bool) -> datetime | None:
    """`in 2 hours`, `in an hour and 30 minutes`, `1h30m`, `2 hours ago`; None for what is no length of time.

    Raises ValueError for one that cannot be read.
    """
    ahead, ago = words.startswith("in "), words.endswith(" ago")
    spelled = re.sub(r"(?<=\d)([smhdw])(?=\d)", r"\1 ", words.removeprefix("in ").removesuffix(" ago"))
    parts = list(_SPAN.finditer(spelled))
    if not parts or re.sub(r"\s|,|\band\b", "", _SPAN.sub("", spelled)):
        if ahead or ago:
            raise ValueError(words)
        return None
    seconds = sum((int(part["count"]) if part["count"].isdigit() else 1) * _UNITS[part["unit"][0]] for part in parts)
    return now + timedelta(seconds=-seconds if ago or (back and not ahead) else seconds)


def _iso(text: str) -> datetime | None:
    """An ISO 8601 time, None for anything else and for a date alone."""
    if _DATE.fullmatch(text):
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _aware(parsed)


def _day(words: str, now: datetime, *, back: bool) -> date | None:
    """The day that is named without a time of day; None where there is one, or no day."""
    from notify_cli.cli import days

    if _DATE.fullmatch(words):
        return date.fromisoformat(words.upper())
    clock = _CLOCK.fullmatch(words)
    today = now.astimezone().date()
    if not words or (clock and (clock["minute"] or clock["half"])) or not days.is_day(words, today, back=back):
        return None  # but the number in `feb 4` is no hour
    found = days.meant(words, today, back=back)
    return next((day for day in found if day <= today), found[0]) if back else found[0]


def _spoken(words: str, now: datetime, *, back: bool) -> datetime:
    """A day, if any, with a time of day. Raises ValueError for what is not of this form."""
    from notify_cli.cli import days

    clock = _CLOCK.fullmatch(words)
    if not clock or not (clock["minute"] or clock["half"] or clock["day"]):  # a number alone could be anything
        raise ValueError(words)
    zone = UTC if clock["utc"] else None
    at = time(_hour(int(clock["hour"]), clock["half"]), int(clock["minute"] or 0), tzinfo=zone)
    for day in days.meant(clock["day"], now.astimezone(zone).date(), back=back):
        found = _aware(datetime.combine(day, at))
        if (found < now) if back else (found > now):
            break
    return found


def _first_of(day: date) -> datetime:
    """When a day begins in the operator's zone: at midnight, or when the clocks go on where they skip that."""
    at = datetime.combine(day, time())
    while not _exists(at):
        at += timedelta(minutes=1)
    return at.astimezone()


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
