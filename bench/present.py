"""What looking after many calendars costs: when nothing is due, and when 5,000 groups have moved at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from statistics import median

from bench import fill
from bench.figure import Figure
from bench.stage import Broken, Stage, environment, sweep
from notify_cli import db, due

_WEEK = timedelta(weeks=1)
_MINUTES = 60


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Whole processes in turn, on an empty platform and on one whose members all hold their calendars."""
    groups, moved = (2000, 500) if quick else (20_000, 5_000)
    with stage.database() as empty, stage.database() as full:
        with db.connect(full) as connection:
            fill.crowd(connection, groups)
            for week in range(-3, 5):
                fill.meet(connection, groups, within=week * _WEEK + timedelta(days=5))
            fill.calendars(connection, _MINUTES)
        ways = [partial(sweep, environment(url)) for url in (empty, full)]
        for way in ways:
            way()
        pairs = [(ways[0]().wall, ways[1]().wall) for _ in range(7 if quick else 21)]
        least, most = (median(pair[side] for pair in pairs) * 1000 for side in (0, 1))
        holders = groups * fill.MEMBERS
        how = f"{holders:,} holders in {groups:,} groups: median of {len(pairs)} pairs: {most:.0f} ms : {least:.0f} ms"
        yield Figure("idle with all calendars held : empty", median(b / a for a, b in pairs), "x", 2.0, True, how)
        yield _moved(full, moved)


def _moved(url: str, groups: int) -> Figure:
    """How long it takes to find the members of so many groups whose meetings were all moved."""
    with db.connect(url) as connection:
        later = "update meetings set scheduled_time_utc = scheduled_time_utc + interval '1 hour' where group_id <= %s"
        connection.execute(later, [groups])
        connection.execute("analyze")
        policy = due.Policy(meeting_minutes=_MINUTES)
        started = time.perf_counter()
        found = due.find(connection, due.Window(), policy)
        seconds = time.perf_counter() - started
    if len(found) != groups * fill.MEMBERS:
        raise Broken(f"{len(found)} deliveries found where {groups} groups were moved")
    how = f"{len(found):,} updates found, meeting by meeting"
    return Figure(f"{groups:,} groups moved at once, found", seconds, "s", 3.0, True, how)
