"""Races and crashes through PgBouncer in transaction mode: each statement may meet another server connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from notify_cli import db
from notify_cli.sending import sweep
from notify_cli.sending.summary import Summary
from tests.resilience.test_storm import LARGE, SMALL, Size
from tests.support import pooler, process
from tests.support.fakes.http import Reset
from tests.support.storm import Storm
from tests.support.world import World

pytestmark = [
    pytest.mark.skipif(pooler.PROGRAM is None, reason="PgBouncer is not installed (Debian: apt-get install pgbouncer)"),
]


@pytest.fixture
def pooled(world: World) -> Iterator[str]:
    with pooler.pooled(world.url) as url:
        yield url


def test_four_sweeps_at_once_through_a_pooler_send_each_row_once(world: World, pooled: str) -> None:
    people = world.platform.people(*(f"member{n}" for n in range(40)))
    world.meeting_in(world.platform.group("Otters", members=people), hours=23)
    world.sendgrid.script([Reset() for _ in range(3)])
    summaries: list[Summary] = []
    start = threading.Barrier(4)

    def run() -> None:
        start.wait(20)
        summaries.append(sweep.sweep(partial(db.connect, pooled), world.settings(NOTIFY_EMAIL_CONCURRENCY="4")))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)

    assert sum(summary.delivered for summary in summaries) == 38
    for summary in summaries:
        assert not [fault for fault in summary.faults if "database" in fault]
        assert summary.due == summary.delivered + summary.retrying + summary.cancelled + summary.left
    world.forget_waiting()
    assert sweep.sweep(partial(db.connect, pooled), world.settings()).delivered == 3
    assert len(world.inboxes()) == len(set(world.inboxes())) == 40


def test_every_statement_works_again_and_again_through_a_pooler(world: World, pooled: str) -> None:
    """Prepared statements and settings of a session would fail from the fifth time on."""
    otters = world.platform.group("Otters", channel="900")
    for number in range(8):
        person = world.platform.person(f"member{number}")
        world.platform.member(otters, person)
        world.platform.enrolment(person, at=world.now)
    world.meeting_in(otters, hours=23)
    with db.connect(pooled) as first, db.connect(pooled) as second:
        for _ in range(8):
            for connection in (first, second):
                summary = sweep.sweep(partial(db.connect, pooled), world.settings(NOTIFY_EMAIL_CONCURRENCY="2"))
                assert (summary.faults, db.rows(connection, "select 1 as one")[0].one) == ([], 1)
    assert {row["status"] for row in world.log()} == {"delivered"}
    with db.connect(pooled) as connection:
        assert db.rows(connection, "select count(*) as n from pg_prepared_statements")[0].n == 0


@pytest.mark.parametrize("size", [pytest.param(SMALL, id="small"), LARGE])
def test_a_storm_of_kills_through_a_pooler_loses_nothing(world: World, pooled: str, size: Size) -> None:
    storm = Storm(world, seed=5, url=pooled)
    storm.populate(size.people)
    share = 2 * len(storm.expected) // size.kills
    for number in range(0, size.kills, 2):
        by_request = storm.start(kill_at=storm.dice.randint(1, share))
        at_any_time = storm.start(kill_after=storm.dice.uniform(0.3, 1.2) if number else 0.8)
        storm.finish(by_request, at_any_time)
    storm.until_quiet()
    storm.verify()


def test_a_run_whose_pooler_dies_keeps_quiet_about_secrets_and_ends(world: World) -> None:
    people = world.platform.people("alice", "bob")
    world.meeting_in(world.platform.group("Otters", members=people), hours=23)
    with pooler.pooled(world.url) as url:
        environment = world.environment(DATABASE_URL=url)
    done = process.run(environment, "sweep-due")
    assert done.returncode == 75
    assert done.stderr.startswith("notify: the database cannot be reached: ")
    assert done.stderr.count("\n") == 1
    assert world.sendgrid.requests == []
