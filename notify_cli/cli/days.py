"""Days as people name them. dateutil reads the dates among them; what it has guessed is refused."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time

from dateutil import parser
from dateutil.relativedelta import relativedelta, weekday

from notify_cli.errors import UsageError

_WEEKDAYS = {
    name: weekday(number)
    for number, names in enumerate(
        (
            *("mon monday", "tue tues tuesday", "wed wednesday", "thu thur thurs thursday"),
            *("fri friday", "sat saturday", "sun sunday"),
        )
    )
    for name in names.split()
}
_NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1}
_NAMES = parser.parserinfo()


def meant(said: str, today: date, *, back: bool = False) -> list[date]:
    """The days that can be meant, nearest first: `friday` on a Friday is today or in a week, `4 feb` this year or next.

    `back` looks the other way: today or a week ago, this year or the last. `said` is in lower case; empty, it means any
    day. Raises ValueError for what names no day, and UsageError for what may name another than it seems to.
    """
    onward = -1 if back else 1
    if said in _NEAR:
        return [today + relativedelta(days=_NEAR[said])]
    if said == "":
        return [today, today + relativedelta(days=onward)]
    which, _, name = said.rpartition(" ")
    if name in _WEEKDAYS and which in ("", "this", "next", "last"):
        return _on_weekday(_WEEKDAYS[name], which, today, back=back)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said):
        return [date.fromisoformat(said)]
    found = []
    for year in (today.year, today.year + onward):
        with suppress(ValueError):  # not every year has a 29 February
            found.append(_date(said, year))
    if not found:
        raise ValueError(said)
    return found


def is_day(said: str, today: date, *, back: bool = False) -> bool:
    """Whether it names a day, and clearly."""
    try:
        return bool(meant(said, today, back=back))
    except (ValueError, UsageError):
        return False


def _on_weekday(wanted: weekday, which: str, today: date, *, back: bool) -> list[date]:
    """`next friday` is the first after today, `last friday` the last before it; without either today is one too."""
    week = relativedelta(weeks=1)
    if which == "next":
        return [today + relativedelta(days=1, weekday=wanted)]
    if which == "last":
        return [today + relativedelta(days=-1, weekday=wanted(-1))]
    first = today + relativedelta(weekday=wanted(-1) if back else wanted)
    return [first, first - week if back else first + week]


def _date(said: str, year: int) -> date:
    """The date, in that year unless it says one."""
    try:
        read = parser.parse(said, default=datetime.combine(date(year, 1, 1), time()))
    except (ArithmeticError, TypeError) as error:  # dateutil raises them too for what it cannot read
        raise ValueError(said) from error
    # dateutil takes 4/2 for 2 April, 4 feb 27 for a year or not, and overlooks a weekday that is not the date's.
    numbers = sorted(map(int, re.findall(r"[0-9]+", said)))
    words = re.findall(r"[a-z]+", said)
    months = [month for month in map(_NAMES.month, words) if month]
    is_day_alone = read.time() == time() and not any(word in _WEEKDAYS for word in words)
    if not is_day_alone or months != [read.month] or numbers not in ([read.day], [read.day, read.year]):
        raise UsageError(f"{said!r} is no clear day: give one like friday, 4 feb, 4 feb 2027 or 2027-02-04")
    return read.date()
