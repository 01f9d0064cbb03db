"""How a set of meetings becomes a recurrence that every calendar client reads: one weekly rule, overrides, gaps.

Clients disagree on RDATE, and Outlook refuses an exception on or beyond the day of its neighbour (Microsoft Graph's
ErrorOccurrenceCrossingBoundary). So the meetings sit, in their own order, on the slots of a weekly rule: a meeting
away from its slot overrides it, a slot without a meeting is excepted. Of all rules the cheapest is taken; the meetings
to come decide it, not those that have been. Two meetings on one day are never in one recurrence: see `separate`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from notify_cli.calendar import zones
from notify_cli.calendar.grid import Grid, clock, day
from notify_cli.calendar.seating import OVERRIDE, cheapest

# An added meeting is a series of its own where it would cost another series more than one override.
_MOST_COST = OVERRIDE
_MOST_SERIES = 3  # beyond which it is an exception of one that there is

_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting in a calendar: its start, its length and the link to join it, if it has its own.

    Held in UTC and whole seconds, which is all iCalendar can say; ValueError for a start without a zone.
    """

    starts_at: datetime
    duration: timedelta
    join_url: str | None = None

    def __post_init__(self) -> None:
        exact = self.starts_at.tzinfo is UTC and not self.starts_at.microsecond and not self.duration.microseconds
        if exact and self.duration >= _NONE and self.join_url != "":
            return  # as most are, and many of them are made in a run
        if self.starts_at.tzinfo is None:
            raise ValueError(f"a meeting's start has no time zone: {self.starts_at.isoformat()}")
        object.__setattr__(self, "starts_at", self.starts_at.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "duration", max(timedelta(seconds=self.duration // timedelta(seconds=1)), timedelta()))
        object.__setattr__(self, "join_url", self.join_url or None)

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + self.duration


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A weekly rule: `count` slots of `grid` from number `start` on, each lasting `duration`, with the link `join_url`.

    No meeting takes place in the slots `gaps`; `overrides` pairs a slot with the meeting that takes its place. `cost`
    is that of saying it so, see above. Times are in UTC.
    """

    grid: Grid
    start: int
    count: int
    duration: timedelta
    join_url: str | None
    gaps: tuple[datetime, ...]
    overrides: tuple[tuple[datetime, Occurrence], ...]
    cost: int

    @property
    def first(self) -> datetime:
        """The start of the rule."""
        return self.grid.time(self.start)

    def expand(self) -> tuple[Occurrence, ...]:
        """The meetings that a reader of this rule sees, in the order of time."""
        slots = {self.grid.time(number) for number in range(self.start, self.start + self.count)} - set(self.gaps)
        usual = {slot: Occurrence(slot, self.duration, self.join_url) for slot in slots}
        return distinct((usual | dict(self.overrides)).values())


def distinct(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """The occurrences in the order of time, each once: rows that are alike in all three values are one meeting."""
    return tuple(sorted(set(occurrences), key=lambda one: (one.starts_at, one.duration, one.join_url or "")))


def weekly(occurrences: Iterable[Occurrence], *, now: datetime | None = None, names: Sequence[str] = ()) -> Recurrence:
    """The weekly rule whose meetings are exactly these, true first of all for those that are not over at `now`.

    `names` are zones whose clocks the meetings may follow; a rule in UTC comes first. Two meetings at the same time
    stay two if their length or link differs. ValueError if there is none at all.
    """
    meetings = distinct(occurrences)
    if not meetings:
        raise ValueError("a series needs at least one meeting")
    past = sum(one.ends_at <= now for one in meetings) if now else 0
    return _weekly(meetings, 0 if past == len(meetings) else past, _usable(names, meetings[0].starts_at.year))


def separate(
    occurrences: Collection[Occurrence], held: Sequence[Collection[Occurrence]] = (), *, now: datetime | None = None
) -> list[tuple[Occurrence, ...]]:
    """The meetings as several series, none of which has two on one day (of UTC); one series wherever it can be.

    `held` are the series as they are in a calendar. What is in one stays there (what is in two, in the first), and a
    meeting that was merely added does not disturb one that could hold it only with exceptions: it becomes a series of
    its own. There are at least as many as are held, empty ones among them.
    """
    wanted = set(occurrences)
    series: list[tuple[Occurrence, ...]] = []
    untouched: list[bool] = []
    for before in held or [()]:
        series.append(distinct((wanted & set(before)).difference(*series)))
        untouched.append(bool(before) and set(before) == set(series[-1]))
    if untouched == [False] and len({one.starts_at.date() for one in wanted}) == len(wanted):
        return [distinct(wanted)]  # as nearly always: the one series has room for each, in whatever order they come
    for one in _usual_first(wanted.difference(*series)):
        place = _place(one, series, untouched, now)
        if place == len(series):
            series.append(())
            untouched.append(False)
        series[place] = distinct((*series[place], one))
    return series


def keepable(past: Iterable[Occurrence], ahead: Collection[Occurrence], names: Sequence[str] = ()) -> list[Occurrence]:
    """Those of the meetings held that can stay beside the ones to come: each on a day of the rule that these follow.

    On another day the rule alone, without its overrides, would show them where they never were.
    """
    if not ahead:
        return list(past)
    grid = weekly(ahead, names=names).grid
    days = {day(one.starts_at, grid.zone) for one in ahead}
    kept: list[Occurrence] = []
    for one in sorted(past, key=lambda one: one.starts_at, reverse=True):
        here = day(one.starts_at, grid.zone)
        if here not in days and grid.day(grid.nearest(clock(one.starts_at, grid.zone))) == here:
            days.add(here)
            kept.append(one)
    return kept


def _usable(names: Sequence[str], year: int) -> tuple[str, ...]:
    """The zones that can be described in a calendar, UTC first."""
    found = [zones.UTC_NAME]
    for name in names:
        try:
            zones.observances(name, max(year, 1970))
        except (ValueError, OverflowError):
            continue
        found.append(name)
    return tuple(dict.fromkeys(found))


def _usual_first(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """In the order of time, but first those at the time of the day that most have."""
    found = distinct(occurrences)
    times = Counter(one.starts_at.time() for one in found)
    return sorted(found, key=lambda one: -times[one.starts_at.time()])


def _place(
    one: Occurrence, series: Sequence[tuple[Occurrence, ...]], untouched: Sequence[bool], now: datetime | None
) -> int:
    """The number of the series that takes a meeting, or of a new one."""
    free = [
        n for n, some in enumerate(series) if one.starts_at.date() not in {other.starts_at.date() for other in some}
    ]
    for number in free:
        if not untouched[number] or not series[number] or len(series) > _MOST_SERIES:
            return number
        without, with_it = (weekly(some, now=now) for some in (series[number], (*series[number], one)))
        if with_it.cost - without.cost <= _MOST_COST:
            return number
    return len(series)


# The members of a group are invited to the same meetings.
@lru_cache(maxsize=256)
def _weekly(meetings: tuple[Occurrence, ...], past: int, names: tuple[str, ...]) -> Recurrence:
    """`past` is how many of the meetings are over."""
    kinds = [(one.starts_at, (one.duration, one.join_url)) for one in meetings]
    best = cheapest(kinds, past, names)
    grid, slots = best.grid, best.slots
    duration, join_url = best.usual
    placed = [(grid.time(slot), one) for slot, one in zip(slots, meetings, strict=True)]
    return Recurrence(
        grid=grid,
        start=slots[0],
        count=slots[-1] - slots[0] + 1,
        duration=duration,
        join_url=join_url,
        gaps=tuple(grid.time(slot) for slot in sorted(set(range(slots[0], slots[-1])) - set(slots))),
        overrides=tuple((slot, one) for slot, one in placed if one != Occurrence(slot, duration, join_url)),
        cost=best.cost,
    )
