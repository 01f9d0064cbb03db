"""Whether an idle sweep stays as quick when the past grows a thousandfold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from statistics import median

from bench.figure import Figure
from bench.stage import Stage, environment, sweep
from notify_cli import db, due, log

_CURRENT = 100  # groups that still meet


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """The same sweep over a short and over a long past, in turn: whole processes, then its statements alone."""
    few, many = 1000, 100_000 if quick else 1_000_000
    with stage.past(few, current=_CURRENT) as short, stage.past(many, current=_CURRENT) as long:
        ways = [partial(sweep, environment(url)) for url in (short, long)]
        for way in ways:
            way()
        runs = [(ways[0]().wall, ways[1]().wall) for _ in range(7 if quick else 21)]
        asked = [(_statements(short), _statements(long)) for _ in range(7 if quick else 21)]
    name = f"idle with {many:,} : {few:,} past meetings"
    how = "median of {} pairs: {:.0f} ms : {:.0f} ms"
    for what, target, pairs in (("", 1.2, runs), (", statements alone", None, asked)):
        least, most = (median(pair[side] for pair in pairs) * 1000 for side in (0, 1))
        told = how.format(len(pairs), most, least)
        yield Figure(name + what, median(b / a for a, b in pairs), "x", target, True, told)


def _statements(url: str) -> float:
    """Seconds that the server takes for an idle sweep, on a connection as fresh as a sweep's."""
    with db.connect(url) as connection:
        started = time.perf_counter()
        log.expire(connection)
        due.find(connection, due.Window(), due.Policy())
        return time.perf_counter() - started
