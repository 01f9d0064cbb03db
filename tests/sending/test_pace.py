"""The shared pace of direct messages: four sweeps at once keep to it together, and use it."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

from notify_cli import db
from notify_cli.sending import pace
from notify_cli.sending.summary import Summary
from tests.support.world import World

INTERVAL = 0.2
MESSAGES = 16
JITTER = 0.1  # seconds: how late four threads of one process may be on a machine that is busy with other tests


def test_four_sweeps_at_once_keep_the_pace_and_use_it(world: World) -> None:
    for number in range(MESSAGES):
        person = world.platform.person(f"member{number}", email=None)
        world.platform.enrolment(person, at=world.now - timedelta(hours=1))
    summaries: list[Summary] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait(20)
        summaries.append(world.sweep(world.settings(NOTIFY_DM_INTERVAL=str(INTERVAL))))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)

    assert sum(summary.delivered for summary in summaries) == len(world.discord.messages) == MESSAGES
    assert sorted(summary.delivered > 0 for summary in summaries)[1:] == [True] * 3, "they share the work"
    at = [request.at for request in world.discord.requests if request.path.endswith("/messages")]
    took = at[-1] - at[0]
    assert took >= INTERVAL * (MESSAGES - 1) - JITTER
    for size in range(1, MESSAGES):
        shortest = min(last - first for first, last in zip(at, at[size:], strict=False))
        assert shortest > size * INTERVAL - JITTER, f"{size + 1} messages in {shortest:.3f} s"
    assert INTERVAL * (MESSAGES - 1) / took > 0.93


def test_a_slot_too_far_away_is_not_taken(connection: db.Connection) -> None:
    waits = [pace.reserve(connection, "dm", interval=10.0, within=15.0) for _ in range(4)]
    assert [wait is None for wait in waits] == [False, False, True, True]
    assert waits[0] == 0.0
    assert 9.5 < (waits[1] or 0.0) <= 10.5
    assert pace.reserve(connection, "another", interval=10.0, within=0.0) == 0.0


def test_a_pace_that_nobody_used_gives_no_burst(connection: db.Connection) -> None:
    connection.execute("insert into notify.throttle values ('dm', now() - interval '1 hour')")
    assert pace.reserve(connection, "dm", interval=10.0, within=60.0) == 0.0
    assert (pace.reserve(connection, "dm", interval=10.0, within=60.0) or 0.0) > 9


def test_a_run_leaves_what_does_not_fit_the_pace_to_the_next(world: World) -> None:
    for number in range(3):
        person = world.platform.person(f"member{number}", email=None)
        world.platform.enrolment(person, at=world.now - timedelta(hours=1))
    summary = world.sweep(world.settings(NOTIFY_DM_INTERVAL="30"), max_runtime=20)
    assert summary.seconds < 5
    assert (summary.due, summary.delivered, summary.left, summary.exit_code) == (3, 1, 2, 0)
    assert [row["attempts"] for row in world.log() if row["status"] == "pending"] in ([], [0])


def test_opening_a_dm_channel_does_not_take_up_the_time_of_a_turn(world: World) -> None:
    known: list[str] = []
    for number in range(6):
        person = world.platform.person(f"member{number}", email=None, discord_id=str(100 + number))
        world.platform.enrolment(person, at=world.now - timedelta(hours=1))
        if number % 2:
            known.append(str(100 + number))
    for discord_id in known:
        world.connection.execute(
            "insert into notify.dm_channels values (%s, %s)", [discord_id, world.discord.dm_channel(discord_id)]
        )
    # as slow as half a turn: a post that waited for it would come that much nearer to the next one
    world.discord.latency = INTERVAL / 2

    summary = world.sweep(world.settings(NOTIFY_DM_INTERVAL=str(INTERVAL)))

    assert summary.delivered == 6
    at = [request.at for request in world.discord.requests if request.path.endswith("/messages")]
    assert min(later - earlier for earlier, later in pairwise(at)) > INTERVAL * 0.6
