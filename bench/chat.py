"""Discord: whether direct messages keep the pace that all hosts share, and group posts wait for nobody."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import fill
from bench.figure import Figure
from bench.stage import NOTIFY, Broken, Stage, Started, environment, provider, sweep
from notify_cli import db

_INTERVAL = 1.0  # the default of NOTIFY_DM_INTERVAL, in seconds
_STRETCH = 10  # intervals: at the pace eleven messages mark them, however late or early one of them arrives
_SHARED = 8  # groups that post into one channel, which takes five messages in five seconds


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """A full runtime of DMs with one sweep and with four at once, side by side; then posts for 100 groups."""
    runtime = 10 if quick else 55
    with tempfile.TemporaryDirectory() as folder, _People(stage, folder, 1) as one, _People(stage, folder, 4) as four:
        started = [(people, people.sweep(runtime)) for people in (one, four)]
        arrivals = [people.arrivals(sweeps) for people, sweeps in started]
    for count, times in zip((1, 4), arrivals, strict=True):
        # The first of them may go at once, so n slots span n - 1 intervals: measured from the first message on.
        share = (len(times) - 1) * _INTERVAL / (times[-1] - times[0])
        used = len(times) * _INTERVAL / runtime
        most = max(sum(begin <= time <= begin + _STRETCH * _INTERVAL for time in times) for begin in times)
        how = f"{len(times)} DMs in {runtime} s by {count} sweep{'s' * (count > 1)} at once, one per {_INTERVAL:g} s"
        yield Figure(
            f"DM pace used, {count} at once", 100 * used, "%", 95, detail=f"{how}; {100 * share:.1f} % between"
        )
        how = f"the most that arrived within {_STRETCH} intervals, both ends included"
        yield Figure(
            f"DMs in the busiest {_STRETCH * _INTERVAL:g} s, {count} at once", most, "", _STRETCH + 1, True, how
        )
    yield from _posts(stage)


class _People:
    """People who are due a DM each, and the sweeps that send them."""

    def __init__(self, stage: Stage, folder: str, sweeps: int) -> None:
        self._record = Path(folder) / f"discord-{sweeps}.jsonl"
        self._sweeps = sweeps
        self._database = stage.database()
        self._discord = provider("discord", record=self._record)

    def __enter__(self) -> _People:
        url = self._database.__enter__()
        with db.connect(url) as connection:
            fill.crowd(connection, 20)
            connection.execute("update users set email_notifications_enabled = false")
            fill.enrol(connection, 100)
        self._environ = environment(url, chat=self._discord.__enter__(), NOTIFY_DM_INTERVAL=str(_INTERVAL))
        return self

    def __exit__(self, *error: Any) -> None:
        self._discord.__exit__(*error)
        self._database.__exit__(*error)

    def sweep(self, runtime: int) -> list[Started]:
        """Start all sweeps at once."""
        options = ["sweep-due", "--json", "--max-runtime", str(runtime)]
        return [Started([NOTIFY, *options], self._environ) for _ in range(self._sweeps)]

    def arrivals(self, sweeps: Sequence[Started]) -> list[float]:
        """When the messages arrived, once the sweeps are done."""
        sent = sum(started.finish().json["by_method"]["discord_dm"] for started in sweeps)
        times = sorted(request["at"] for request in _requests(self._record) if request["path"].endswith("/messages"))
        if len(times) != sent or sent < 2:
            raise Broken(f"{sent} DMs were recorded as sent, {len(times)} arrived")
        return times


def _posts(stage: Stage) -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory() as folder,
        stage.database() as url,
        provider("discord", record=Path(folder) / "posts.jsonl") as chat,
    ):
        with db.connect(url) as connection:
            fill.crowd(connection, 100)
            connection.execute("update users set email_notifications_enabled = false")
            sharing = "update groups set discord_text_channel_id = '900000000000000001' where group_id <= %s"
            connection.execute(sharing, [_SHARED])
            fill.meet(connection, 100, within=timedelta(minutes=50))
        done = sweep(environment(url, chat=chat), "--json").json
        posts = _requests(Path(folder) / "posts.jsonl")
    if done["by_method"]["discord_channel"] != 100:
        raise Broken(f"not every group got its post: {done}")
    first = posts[0]["at"]
    others = max(post["at"] for post in posts if post["channel_id"] != "900000000000000001") - first
    refused = sum(post["status"] == 429 for post in posts)
    how = f"while {_SHARED} groups share one channel of 5 messages in 5 s, which took {posts[-1]['at'] - first:.1f} s"
    yield Figure("posts for 100 groups", others, "s", 5, True, how)
    yield Figure(
        "posts refused for their rate (429)", refused, "", detail="the buckets are obeyed before they overflow"
    )


def _requests(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text().splitlines()]
