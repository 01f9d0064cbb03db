"""The primary is lost in mid-sweep and its standby is promoted: nobody is lost, and it is known who gets a copy."""

from __future__ import annotations

import itertools
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from notify_cli import db
from notify_cli.platform import schema
from tests.support import process
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.http import Request
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.postgres import Server, as_user
from tests.support.standby import PRIMARY, Standby, following
from tests.support.world import World

PEOPLE = 150
IN_FLIGHT = 8
CUT, LOST = 30, 61  # the requests at which the standby hears no more, where it does, and the primary crashes


@contextmanager
def replicated(*, synchronous: bool) -> Iterator[tuple[World, Server, Standby]]:
    """150 people with a reminder to get by email, on a primary with a standby."""
    with (
        Server(PRIMARY) as primary,
        primary.database() as url,
        db.connect(url) as connection,
        FakeSendGrid() as sendgrid,
        FakeDiscord() as discord,
    ):
        with db.connect(as_user(url)) as owner:
            schema.create(owner, catch_up=True)
        world = World(url, connection, sendgrid, discord)
        people = [world.platform.person(f"member{n}", discord_id=None) for n in range(PEOPLE)]
        world.meeting_in(world.platform.group(members=people, channel=None), hours=23)
        sendgrid.latency = 0.1
        with following(primary, synchronous=synchronous) as standby:
            yield world, primary, standby


@pytest.mark.parametrize("synchronous", [True, False], ids=["synchronous", "asynchronous"])
def test_nobody_is_lost_with_the_primary(synchronous: bool) -> None:
    with replicated(synchronous=synchronous) as (world, primary, standby):
        lost = _crash_in_mid_sweep(world, primary, standby if not synchronous else None)
        swept = process.start(world.environment(NOTIFY_EMAIL_CONCURRENCY=str(IN_FLIGHT)), "sweep-due")
        assert lost.wait(process.PATIENCE)
        swept.send_signal(signal.SIGTERM)
        ran = process.finish(swept)
        assert ran.returncode == 75
        assert "could not be written" in ran.stderr
        world.sendgrid.script([])
        before = set(world.inboxes())
        assert len(before) == len(world.inboxes()) < PEOPLE

        standby.start()
        standby.promote()
        world.url = standby.url(world.connection.info.dbname)
        with db.connect(world.url) as connection:
            # as if the minute and a half of the leases had passed
            connection.execute("update reminders_log set claimed_until = now() where claimed_until is not null")
            known = connection.execute("select count(*) from reminders_log where delivery_status = 'delivered'")
            [(recorded,)] = known.fetchall()
        ran = process.run(world.environment(), "sweep-due")
        assert (ran.returncode, ran.stderr) == (0, "")

    received = Counter(world.inboxes())
    twice = [inbox for inbox, count in received.items() if count == 2]
    assert len(received) == PEOPLE
    assert max(received.values()) <= 2
    assert len(twice) == len(before) - recorded
    if synchronous:
        assert len(twice) <= IN_FLIGHT
    else:
        assert len(twice) > IN_FLIGHT


def _crash_in_mid_sweep(world: World, primary: Server, cut_off: Standby | None) -> threading.Event:
    """Let the primary crash as a request arrives, and before that cut off a standby; set when it has."""
    arrived, lost = itertools.count(1), threading.Event()

    def step(request: Request) -> None:
        number = next(arrived)
        if number == CUT and cut_off is not None:
            cut_off.stop(immediate=True)
        elif number == LOST:
            primary.stop(crash=True)
            lost.set()

    world.sendgrid.script(step)
    return lost
