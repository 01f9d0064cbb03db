"""Which weekly rule says a set of meetings most simply, and which of its slots each meeting takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from notify_cli.calendar import zones
from notify_cli.calendar.grid import DAY, Grid, clock

# The length of a meeting, and the link of its own: what an instance of a rule shares with all others.
Kind = tuple[timedelta, str | None]

# What a rule costs. An override repeats a whole event, an empty slot costs a line, and readers lose both at times. It
# also bounds the empty slots that a meeting years away would leave.
OVERRIDE = 10
_OVERRIDE_OF_THE_PAST = 1
_GAP = 1
_WEEKDAY = 2  # each day beyond the first
_ZONE = 1  # a rule by a local clock, which needs the clock described
_FALSE_START = 25  # a rule that begins before the first meeting
_REFUSED = 10**6  # an override on or beyond the day of a neighbour: only where nothing else is left

_LONGEST_INTERVAL = 4  # weeks
_MOST_TIMES = 3  # of the day that are tried


@dataclass(frozen=True, slots=True)
class Seating:
    """The slot of each meeting on a grid, and what it costs; `usual` is the kind that needs no override."""

    grid: Grid
    slots: list[int]
    usual: Kind
    cost: int


def cheapest(meetings: Sequence[tuple[datetime, Kind]], past: int, names: Sequence[str]) -> Seating:
    """The best of all rules for these starts, which are in order; the first `past` of them are over.

    `names` are the zones whose clocks a rule may follow. At least one meeting must be ahead.
    """
    weights = [_OVERRIDE_OF_THE_PAST] * past + [OVERRIDE] * (len(meetings) - past)
    best: Seating | None = None
    for name in names:
        clocks = [clock(at, name) for at, _ in meetings]
        for extra, grid in _grids(clocks[past:], name):
            best = _better(best, _Meetings(meetings, weights, clocks), grid, extra)
    if best is None:
        raise ValueError("no meeting is ahead")
    return best


@dataclass(frozen=True, slots=True)
class _Meetings:
    """What is to be seated: starts and kinds in order, what it costs to override each, and each on a zone's clock."""

    all: Sequence[tuple[datetime, Kind]]
    weights: list[int]
    clocks: list[int]


def _grids(ahead: Sequence[int], name: str) -> Iterator[tuple[int, Grid]]:
    """The rules that are worth trying, each with what it costs to say them, before any override or gap."""
    dear = 0 if name == zones.UTC_NAME else _ZONE
    clocks = [divmod(at, DAY) for at in ahead]
    kinds = Counter((date % 7, second) for date, second in clocks)
    for weekday, second in [kind for kind, _ in kinds.most_common(_MOST_TIMES)]:
        weeks = [date // 7 for date, time in clocks if (date % 7, time) == (weekday, second)]
        for interval in range(1, min(_LONGEST_INTERVAL, len(weeks)) + 1):
            [(rest, _)] = Counter(week % interval for week in weeks).most_common(1)
            yield dear, Grid(name, (weekday,), interval, next(w for w in weeks if w % interval == rest), second)
    days = tuple(sorted({date % 7 for date, _ in clocks}))
    if len(days) > 1:
        for second, _ in Counter(second for _, second in clocks).most_common(_MOST_TIMES):
            yield dear + _WEEKDAY * (len(days) - 1), Grid(name, days, 1, clocks[0][0] // 7, second)


def _better(best: Seating | None, meetings: _Meetings, grid: Grid, extra: int) -> Seating:
    """The cheaper of the best so far and the best on this grid."""
    slots = [grid.number(at, here) for (at, _), here in zip(meetings.all, meetings.clocks, strict=True)]
    kinds = [kind for _, kind in meetings.all]
    [(usual, _)] = Counter(kind for kind, slot in zip(kinds, slots, strict=True) if slot is not None).most_common(1)
    plain = {index: slot for index, slot in enumerate(slots) if slot is not None and kinds[index] == usual}
    least = extra + sum(weight for index, weight in enumerate(meetings.weights) if index not in plain)
    for dear in (1, _REFUSED):  # the second time overrides are dear, so that slots stay empty instead
        if best is not None and best.cost <= least:
            return best
        kept = _kept(plain, meetings.weights, dear)
        seats = _fill(kept, [0 if i in kept else grid.nearest(at) for i, at in enumerate(meetings.clocks)])
        cost = extra + sum(weight for index, weight in enumerate(meetings.weights) if index not in kept)
        cost += (seats[-1] - seats[0] + 1 - len(seats)) * _GAP + _faults(meetings, grid, seats)
        if best is None or cost < best.cost:
            best = Seating(grid, seats, usual, cost)
        if cost < _REFUSED:
            break
    if best is None:
        raise AssertionError("the first round always gives one")
    return best


def _kept(plain: dict[int, int], weights: Sequence[int], dear: int) -> dict[int, int]:
    """Which meetings stay plain instances, with their slots: a shortest path over those that can be.

    Between two that are there must be room for all that lie between them; these become overrides.
    """
    before = [0, *accumulate(weight * dear for weight in weights)]  # to override all meetings before this one
    path: list[tuple[int, int]] = list(plain.items())
    costs: list[int] = []
    came_from: list[int | None] = []
    for here, (index, slot) in enumerate(path):
        cost, origin = before[index], None
        for back, (earlier, earlier_slot) in enumerate(path[:here]):
            gaps = slot - earlier_slot - (index - earlier)
            through = costs[back] + before[index] - before[earlier + 1] + gaps * _GAP
            if gaps >= 0 and through < cost:
                cost, origin = through, back
        costs.append(cost)
        came_from.append(origin)
    totals = [cost + before[-1] - before[index + 1] for cost, (index, _) in zip(costs, path, strict=True)]
    step: int | None = totals.index(min(totals))
    kept: dict[int, int] = {}
    while step is not None:
        index, slot = path[step]
        kept[index] = slot
        step = came_from[step]
    return kept


def _faults(meetings: _Meetings, grid: Grid, slots: Sequence[int]) -> int:
    """What it costs that readers refuse or misread an otherwise cheap seating."""
    actual = [at // DAY for at in meetings.clocks]
    planned = [grid.day(slot) for slot in slots]
    last = len(slots) - 1
    crossing = any(
        planned[place] != actual[place]
        and not (
            (place == 0 or max(planned[place - 1], actual[place - 1]) < actual[place])
            and (place == last or actual[place] < min(planned[place + 1], actual[place + 1]))
        )
        for place in range(len(slots))
    )
    same_day = len(set(actual)) < len(actual)
    return (_REFUSED if crossing or same_day else 0) + (_FALSE_START if planned[0] < actual[0] else 0)


def _fill(kept: dict[int, int], nearest: list[int]) -> list[int]:
    """The slots of all meetings: the kept ones, and for each other the nearest that leaves room for its neighbours."""
    slots = dict(kept)
    far = OVERRIDE // _GAP
    for index in reversed(range(min(kept))):
        latest = slots[index + 1] - 1
        slots[index] = nearest[index] if latest - far <= nearest[index] <= latest else latest
    for index in range(min(kept) + 1, len(nearest)):
        if index in kept:
            continue
        earliest = slots[index - 1] + 1
        far_away = nearest[index] > earliest + far
        room = (slot - (at - index) for at, slot in kept.items() if at > index)
        latest = min(room, default=earliest if far_away else nearest[index])
        slots[index] = max(earliest, min(nearest[index], latest))
    return [slots[index] for index in range(len(nearest))]
