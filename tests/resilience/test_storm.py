"""Storms: sweeps killed at random moments, four at once, and cut off from their database. Nothing lost, nothing twice.

The suite's own storms are small; those marked slow are as large as the promise: 300 people, 30 kills and more.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Size:
    """How large a storm is: people, kills of single sweeps, rounds of four sweeps, sweeps beside each other."""

    people: int
    kills: int
    rounds: int
    at_once: int

    @property
    def is_full(self) -> bool:
        """Whether it is as large as the promise."""
        return self == FULL


SMALL, FULL = Size(40, 4, 1, 2), Size(300, 30, 10, 4)
LARGE = pytest.param(FULL, marks=[pytest.mark.slow], id="full")


@pytest.fixture(params=[pytest.param(SMALL, id="small"), LARGE])
def size(request: pytest.FixtureRequest) -> Size:
    """Both sizes, one after the other."""
    found: Size = request.param
    return found


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that may be restarted without breaking anybody else's connection."""
    with Server() as running:
        with db.connect(as_user(running.make_template("template_storm"))) as connection:
            schema.create(connection, catch_up=True)
        yield running


def test_a_sweep_killed_again_and_again_loses_nothing(world: World, size: Size) -> None:
    storm = Storm(world, seed=1)
    storm.populate(size.people)
    share = len(storm.expected) // size.kills
    for number in range(size.kills):
        # Half of them as a request arrives: first, while there surely is work left. The others at any moment from the
        # start of the process on, which some of the quick ones outrun.
        by_request = number < size.kills // 2
        run = storm.start(
            kill_at=storm.dice.randint(1, share) if by_request else None,
            kill_after=None if by_request else storm.dice.uniform(0.1, 0.6),
        )
        storm.finish(run)
    storm.until_quiet()
    storm.verify()
    assert sum(run.killed_at is not None for run in storm.runs.values()) >= size.kills // 2


def test_four_sweeps_at_once_killed_again_and_again_lose_nothing(world: World, size: Size) -> None:
    storm = Storm(world, seed=2)
    storm.populate(size.people)
    share = 2 * len(storm.expected) // (4 * size.rounds)
    for _ in range(size.rounds):
        storm.finish(*(storm.start(kill_at=storm.dice.randint(1, share)) for _ in range(4)))
    storm.until_quiet()
    storm.verify()
    assert sum(run.killed_at is not None for run in storm.runs.values()) >= size.rounds


@pytest.mark.parametrize("size", [LARGE])
def test_four_sweeps_at_once_send_everything_once(world: World, size: Size) -> None:
    storm = Storm(world, seed=3)
    storm.populate(size.people)
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


def test_sweeps_that_lose_their_database_record_what_they_sent(own_server: Server, size: Size) -> None:
    with own_server.database("template_storm") as url, FakeSendGrid() as sendgrid, FakeDiscord() as discord:
        connection = db.connect(url)
        storm = Storm(World(url, connection, sendgrid, discord), seed=4)
        storm.populate(size.people)
        third = len(storm.expected) // 3
        trouble = Trouble(own_server, frozenset({third // 2, 2 * third}), restart_at=third)
        storm.on_request = trouble.on_request
        codes: set[int] = set()
        while storm.requests < 2 * third:
            runs = [storm.start() for _ in range(size.at_once)]
            # In the large storm one of them is killed besides.
            runs += [storm.start(kill_at=storm.dice.randint(1, third))] if size.is_full else []
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
    assert doubles == 0 or size.is_full, "every outcome was known, so every one was recorded"
