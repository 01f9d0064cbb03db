"""How a set of meetings becomes one weekly recurrence that every calendar client reads: grid, overrides, gaps.

Clients disagree on RDATE, and Outlook refuses an exception that skips over its neighbour (Microsoft Graph's
ErrorOccurrenceCrossingBoundary). So the meetings sit, in their own order, on the slots of a plain weekly rule in UTC:
a meeting away from its slot overrides it, a slot without a meeting is excepted, and an extra meeting takes a slot of
its own while its neighbours move over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_WEEK = 7 * 24 * 3600

# An override repeats a whole event, an empty slot costs a line: so many empty slots are as bad as one override. It also
# bounds the empty slots that a meeting years away would leave.
_GAPS_PER_OVERRIDE = 10


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting in a calendar: its start, its length and the link to join it, if it has its own.

    Held in UTC and whole seconds, which is all iCalendar can say; ValueError for a start without a zone.
    """

    starts_at: datetime
    duration: timedelta
    join_url: str | None = None

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None:
            raise ValueError(f"a meeting's start has no time zone: {self.starts_at.isoformat()}")
        object.__setattr__(self, "starts_at", self.starts_at.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "duration", max(timedelta(seconds=self.duration // timedelta(seconds=1)), timedelta()))
        object.__setattr__(self, "join_url", self.join_url or None)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A weekly rule in UTC: `count` slots from `first` on, each lasting `duration`, with the link `join_url`.

    No meeting takes place in the slots `gaps`; `overrides` pairs a slot with the meeting that takes its place.
    """

    first: datetime
    count: int
    duration: timedelta
    join_url: str | None
    gaps: tuple[datetime, ...]
    overrides: tuple[tuple[datetime, Occurrence], ...]

    def expand(self) -> tuple[Occurrence, ...]:
        """The meetings that a reader of this rule sees, in the order of time."""
        slots = {self.first + timedelta(weeks=week) for week in range(self.count)} - set(self.gaps)
        usual = {slot: Occurrence(slot, self.duration, self.join_url) for slot in slots}
        return distinct((usual | dict(self.overrides)).values())


def distinct(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """The occurrences in the order of time, each once: rows that are alike in all three values are one meeting."""
    return tuple(sorted(set(occurrences), key=lambda one: (one.starts_at, one.duration, one.join_url or "")))


def weekly(occurrences: Iterable[Occurrence]) -> Recurrence:
    """The weekly rule whose meetings are exactly these, with as few overrides as their order allows.

    Two meetings at the same time stay two if their length or link differs. ValueError if there is none at all.
    """
    meetings = distinct(occurrences)
    if not meetings:
        raise ValueError("a series needs at least one meeting")
    return _weekly(meetings)


@dataclass(frozen=True, slots=True)
class _Seating:
    """The meetings that are plain instances of the rule, `{index: weeks since 1970}`, on one grid.

    `phase` is the grid's place in the week in seconds, `usual` the length and link that need no override.
    """

    cost: int
    phase: int
    kept: dict[int, int]
    usual: tuple[timedelta, str | None]

    def time(self, slot: int) -> datetime:
        return datetime.fromtimestamp(slot * _WEEK + self.phase, UTC)


# The members of a group are invited to the same meetings.
@lru_cache(maxsize=256)
def _weekly(meetings: tuple[Occurrence, ...]) -> Recurrence:
    positions = [divmod(int(one.starts_at.timestamp()), _WEEK) for one in meetings]
    phases = dict.fromkeys(phase for _, phase in positions)
    best = min((_seat(meetings, positions, phase) for phase in phases), key=lambda seating: seating.cost)
    slots = _fill(best.kept, [(week * _WEEK + offset - best.phase + _WEEK // 2) // _WEEK for week, offset in positions])
    first, last = slots[0], slots[-1]
    duration, join_url = best.usual
    seated = [(best.time(slot), one) for slot, one in zip(slots, meetings, strict=True)]
    return Recurrence(
        first=best.time(first),
        count=last - first + 1,
        duration=duration,
        join_url=join_url,
        gaps=tuple(best.time(slot) for slot in sorted(set(range(first, last)) - set(slots))),
        overrides=tuple((slot, one) for slot, one in seated if one != Occurrence(slot, duration, join_url)),
    )


def _seat(meetings: tuple[Occurrence, ...], positions: list[tuple[int, int]], phase: int) -> _Seating:
    """The cheapest seating on one grid: a shortest path over the meetings that can be plain instances of the rule.

    Between two that are there must be room for all that lie between them; these become overrides.
    """
    on_grid = [(index, week) for index, (week, offset) in enumerate(positions) if offset == phase]
    kinds = [(meetings[index].duration, meetings[index].join_url) for index, _ in on_grid]
    usual = Counter(kinds).most_common(1)[0][0]
    plain = [place for place, kind in zip(on_grid, kinds, strict=True) if kind == usual]
    costs: list[int] = []
    came_from: list[int | None] = []
    for here, (index, week) in enumerate(plain):
        cost, origin = index * _GAPS_PER_OVERRIDE, None
        for before, (earlier_index, earlier_week) in enumerate(plain[:here]):
            overrides = index - earlier_index - 1
            gaps = week - earlier_week - 1 - overrides
            through = costs[before] + overrides * _GAPS_PER_OVERRIDE + gaps
            if gaps >= 0 and through < cost:
                cost, origin = through, before
        costs.append(cost)
        came_from.append(origin)
    last = len(meetings) - 1
    totals = [cost + (last - index) * _GAPS_PER_OVERRIDE for cost, (index, _) in zip(costs, plain, strict=True)]
    step: int | None = totals.index(min(totals))
    kept: dict[int, int] = {}
    while step is not None:
        index, week = plain[step]
        kept[index] = week
        step = came_from[step]
    return _Seating(min(totals), phase, kept, usual)


def _fill(kept: dict[int, int], nearest: list[int]) -> list[int]:
    """The slots of all meetings: the kept ones, and for each other the nearest that leaves room for its neighbours."""
    slots = dict(kept)
    for index in reversed(range(min(kept))):
        latest = slots[index + 1] - 1
        slots[index] = nearest[index] if latest - _GAPS_PER_OVERRIDE <= nearest[index] <= latest else latest
    for index in range(min(kept) + 1, len(nearest)):
        if index in kept:
            continue
        earliest = slots[index - 1] + 1
        far_away = nearest[index] > earliest + _GAPS_PER_OVERRIDE
        room = (week - (at - index) for at, week in kept.items() if at > index)
        latest = min(room, default=earliest if far_away else nearest[index])
        slots[index] = max(earliest, min(nearest[index], latest))
    return [slots[index] for index in range(len(nearest))]
