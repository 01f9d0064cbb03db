"""Times and durations as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from notify_cli.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = timedelta(days=3650)


def instant(text: str) -> datetime:
    """An ISO 8601 time as an aware datetime; without a zone it is in the operator's own. Raises UsageError."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        return parsed if parsed.tzinfo else parsed.astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time: give one like 2026-02-04T15:00 or 2026-02-04T15:00Z") from None


def duration(text: str) -> timedelta:
    """A duration such as `30m`, `24h`, `7d` or `1d12h`. Raises UsageError."""
    compact = text.strip().lower().replace(" ", "")
    if not re.fullmatch(r"(\d{1,9}[smhdw])+", compact):
        raise UsageError(f"{text!r} is not a duration: give one like 30m, 24h or 7d")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhdw])", compact))
    if seconds > _LONGEST.total_seconds():
        raise UsageError(f"{text!r} is too long: at most {_LONGEST.days}d")
    return timedelta(seconds=seconds)
