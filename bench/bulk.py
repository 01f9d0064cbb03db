"""The minute in which 100,000 are due: found and claimed, how quickly and in how much memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta

from bench import fill
from bench.figure import Figure
from bench.stage import Broken, Stage, environment, run, sweep
from notify_cli import db
from notify_cli.sending.senders import batch_size

# What a sweep does before it sends, in a process of its own so that its memory can be told.
_CLAIM = """
import json, os, sys, time
from datetime import timedelta
from uuid import uuid4
from notify_cli import db, due, log
batch, again = int(sys.argv[1]), sys.argv[2] == "again"
policy, claimed = due.Policy(), 0
with db.connect(os.environ["DATABASE_URL"]) as connection:
    started = time.perf_counter()
    found = [candidate.delivery for candidate in due.find(connection, due.Window(), policy)]
    seconds_to_find = time.perf_counter() - started
    for first in range(0, len(found), batch):
        some = found[first : first + batch]
        some = due.still_due(connection, some, None, policy) if again else some
        claimed += len(log.claim(connection, some, token=uuid4(), lease=timedelta(minutes=1)))
    seconds = time.perf_counter() - started
print(json.dumps({"found": len(found), "claimed": claimed, "to_find": seconds_to_find, "seconds": seconds}))
"""
_BATCH = batch_size(64)


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Found and claimed; again with the check that a sweep makes before each claim; a tenth of it, for the growth."""
    most = 10_000 if quick else 100_000
    small, large = _claim(stage, most // 10, "once"), _claim(stage, most, "once")
    checked = _claim(stage, most // 5, "again")
    rates = [done["claimed"] / done["seconds"] for done in (small, large, checked)]
    how = f"found in {large['to_find']:.1f} s, in all {large['seconds']:.1f} s, {_BATCH} to a claim"
    yield Figure(f"{most:,} due: found and claimed", rates[1], "/s", 15_000, detail=how)
    how = "found, looked at again before each claim, and claimed: as the sweep does"
    yield Figure(f"{most // 5:,} due: checked again too", rates[2], "/s", detail=how)
    growth = (large["seconds"] / small["seconds"]) / (large["claimed"] / small["claimed"])
    yield Figure(f"time per delivery, {most:,} : {most // 10:,}", growth, "x", 1.3, True, "1 is linear")
    yield Figure("memory to find and claim", large["peak"], "MB", 200, True, "peak of the process")
    yield from _whole(stage, most)


def _claim(stage: Stage, deliveries: int, check: str) -> dict[str, float]:
    with stage.database() as url:
        _fill(url, deliveries)
        done = run([sys.executable, "-c", _CLAIM, str(_BATCH), check], environment(url))
    told: dict[str, float] = json.loads(done.output)
    if told["claimed"] != deliveries:
        raise Broken(f"{deliveries} are due, but {told}")
    return told | {"peak": done.peak}


def _whole(stage: Stage, deliveries: int) -> Iterator[Figure]:
    """The memory of whole commands: a preview of all, and a sweep that sends for a while into a folder."""
    with stage.database() as url:
        _fill(url, deliveries)
        shown = sweep(environment(url), "--dry-run", "--json")
    yield Figure("memory of --dry-run --json", shown.peak, "MB", 200, True, f"{shown.wall:.1f} s for all of them")


def _fill(url: str, deliveries: int) -> None:
    with db.connect(url) as connection:
        fill.crowd(connection, deliveries // fill.MEMBERS, channels=False)
        fill.meet(connection, deliveries // fill.MEMBERS, within=timedelta(minutes=58))
        # The platform's rows are older than this in any real database: their first reader is not the sweep.
        connection.execute("vacuum analyze users, groups, groups_users, meetings")
