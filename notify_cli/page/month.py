"""An invite as the months of a calendar."""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from notify_cli import times
from notify_cli.page.view import Month, Square

_MOST = 6  # months: a series that goes on for longer shows its beginning


def months(starts: Iterable[datetime], zone: str | None) -> tuple[Month, ...]:
    """The months with a meeting in them; times by the clock of the reader's zone."""
    meetings: dict[date, list[str]] = defaultdict(list)
    for start in sorted(starts):
        local = times.in_zone(start, zone)
        meetings[local.date()].append(f"{local:%H:%M}")
    found = sorted({(day.year, day.month) for day in meetings})[:_MOST]
    return tuple(
        Month(
            f"{times.month(month)} {year}",
            tuple(
                tuple(Square(day, day.month == month, tuple(meetings.get(day, ()))) for day in week)
                for week in Calendar().monthdatescalendar(year, month)
            ),
        )
        for year, month in found
    )
