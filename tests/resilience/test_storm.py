"""Storms: sweeps killed at random moments, four at once, and cut off from their database. Nothing lost, nothing twice.

The suite's own storms are small; NOTIFY_STORM=1 makes them as large as the promise: 300 people, 30 kills and more.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
import pytest

from notify_cli import db
from notify_cli.platform import schema
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.postgres import Server, as_user
from tests.support.storm import Storm
from tests.support.world import World

FULL = bool(os.environ.get("NOTIFY_STORM"))
PEOPLE, KILLS, ROUNDS = (300, 30, 10) if FULL else (40, 4, 1)
pytestmark = pytest.mark.timeout(300 if FULL else 60)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that may be restarted without breaking anybody else's connection."""
    with Server() as running:
        with db.connect(as_user(running.make_template("template_storm"))) as connection:
            schema.create(connection, catch_up=True)
        yield running


def test_a_sweep_killed_again_and_again_loses_nothing(world: World) -> None:
    storm = Storm(world, seed=1)
    storm.populate(PEOPLE)
    share = len(storm.expected) // KILLS
    for number in range(KILLS):
        # Half of them as a request arrives: first, while there surely is work left. The others at any moment from the
        # start of the process on, which some of the quick ones outrun.
        by_request = number < KILLS // 2
        run = storm.start(
            kill_at=storm.dice.randint(1, share) if by_request else None,
            kill_after=None if by_request else storm.dice.uniform(0.1, 0.6),
        )
        storm.finish(run)
    storm.until_quiet()
    storm.verify()
    assert sum(run.killed_at is not None for run in storm.runs.values()) >= KILLS // 2


def test_four_sweeps_at_once_killed_again_and_again_lose_nothing(world: World) -> None:
    storm = Storm(world, seed=2)
    storm.populate(PEOPLE)
    share = 2 * len(storm.expected) // (4 * ROUNDS)
    for _ in range(ROUNDS):
        storm.finish(*(storm.start(kill_at=storm.dice.randint(1, share)) for _ in range(4)))
    storm.until_quiet()
    storm.verify()
    assert sum(run.killed_at is not None for run in storm.runs.values()) >= ROUNDS


@pytest.mark.skipif(not FULL, reason="part of the large storms: NOTIFY_STORM=1")
def test_four_sweeps_at_once_send_everything_once(world: World) -> None:
    storm = Storm(world, seed=3)
    storm.populate(PEOPLE)
    for done in storm.finish(*(storm.start() for _ in range(4))):
        assert (done.returncode, done.stderr) == (0, "")
    storm.until_quiet()
    assert storm.verify() == 0


@dataclass
class Trouble:
    """What happens to the database as the given request arrives, in a thread of its own."""

    server: Server
    terminate_at: frozenset[int]
    restart_at: int
    threads: list[threading.Thread] = field(default_factory=list)

    def on_request(self, count: int) -> None:
        """Called for every request of the storm, in a provider's thread."""
        what = (
            self._terminate if count in self.terminate_at else self.server.restart if count == self.restart_at else None
        )
        if what:
            self.threads.append(threading.Thread(target=what))
            self.threads[-1].start()

    def _terminate(self) -> None:
        # The server may be on its way down already.
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(self.server.cluster.url(), autocommit=True) as connection,
        ):
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'notify'"
            )


def test_sweeps_that_lose_their_database_record_what_they_sent(own_server: Server) -> None:
    with own_server.database("template_storm") as url, FakeSendGrid() as sendgrid, FakeDiscord() as discord:
        connection = db.connect(url)
        storm = Storm(World(url, connection, sendgrid, discord), seed=4)
        storm.populate(PEOPLE)
        third = len(storm.expected) // 3
        trouble = Trouble(own_server, frozenset({third // 2, 2 * third}), restart_at=third)
        storm.on_request = trouble.on_request
        codes: set[int] = set()
        while storm.requests < 2 * third:
            runs = [storm.start() for _ in range(4 if FULL else 2)]
            # In the large storm one of them is killed besides.
            runs += [storm.start(kill_at=storm.dice.randint(1, third))] if FULL else []
            for run in runs:
                run.process.wait(50)
            for thread in trouble.threads:
                thread.join(30)
            connection.close()
            connection = storm.world.connection = db.connect(url)
            for done in storm.finish(*runs):
                codes.add(done.returncode)
                assert done.stderr.count("\n") == (done.returncode == 75), done.stderr
        connection.close()
        connection = storm.world.connection = db.connect(url)
        assert {75} < codes | {0} <= {0, 75, -9}
        storm.until_quiet()
        doubles = storm.verify()
        connection.close()
    assert doubles == 0 or FULL, "every outcome was known, so every one was recorded"
