"""SIGTERM and Ctrl-C, and a database that hangs: what is in flight is finished and recorded, the rest is left."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from datetime import timedelta

import pytest

from notify_cli import db
from notify_cli.errors import DatabaseError
from notify_cli.sending.run import Timeouts
from tests.support import process
from tests.support.fakes.http import Hang, Request
from tests.support.world import World


def members(world: World, count: int) -> None:
    people = world.platform.people(*(f"member{n}" for n in range(count)))
    world.meeting_in(world.platform.group("Otters", members=people, channel=None), hours=23)


def newcomers(world: World, count: int) -> None:
    for number in range(count):
        person = world.platform.person(f"member{number}", email=None)
        world.platform.enrolment(person, at=world.now - timedelta(hours=1))


def signalled(
    world: World, number: signal.Signals, at: int, **settings: str
) -> tuple[subprocess.CompletedProcess[str], float]:
    """A sweep that gets this signal as its request number `at` arrives; its result and the seconds until its end."""
    started = process.start(world.environment(**settings), "sweep-due", "--json")
    count = 0
    times: list[float] = []

    def on_request(request: Request) -> None:
        nonlocal count
        count += 1
        if count == at:
            times.append(time.monotonic())
            started.send_signal(number)

    world.sendgrid.script(on_request)
    world.discord.script(on_request)
    done = process.finish(started)
    return done, time.monotonic() - times[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_finishes_what_is_in_flight_and_leaves_the_rest(world: World, number: signal.Signals) -> None:
    members(world, 12)
    world.sendgrid.latency = 0.3

    done, seconds = signalled(world, number, at=3, NOTIFY_EMAIL_CONCURRENCY="2")

    assert (done.returncode, done.stderr) == (0, "")
    assert seconds < 5
    sent = world.inboxes()
    assert 3 <= len(sent) <= 5
    statuses = [row["status"] for row in world.log()]
    assert statuses.count("delivered") == len(sent), "every outcome is recorded"
    assert {row["attempts"] for row in world.log() if row["status"] == "pending"} <= {0}
    world.sendgrid.script([])
    world.sendgrid.latency = 0.0
    assert world.sweep().delivered == 12 - len(sent), "free at once"
    assert len(set(world.inboxes())) == len(world.inboxes()) == 12


def test_a_second_ctrl_c_does_not_wait(world: World) -> None:
    members(world, 2)
    started = process.start(world.environment(NOTIFY_EMAIL_CONCURRENCY="1"), "sweep-due")
    arrived = threading.Event()

    def hang(request: Request) -> Hang:
        arrived.set()
        return Hang(processed=True)

    world.sendgrid.script(hang)
    assert arrived.wait(20)
    began = time.monotonic()
    # A signal that comes while the first is still being delivered is the same signal: until it is heard twice.
    while started.poll() is None and time.monotonic() < began + 20:
        started.send_signal(signal.SIGINT)
        arrived.clear()
        arrived.wait(0.05)
    assert process.finish(started).returncode == 130
    assert time.monotonic() - began < 4
    assert "pending" in {row["status"] for row in world.log()}, "a crash like any other: seen, and free after its lease"


def test_a_signal_ends_the_wait_for_a_slot(world: World) -> None:
    newcomers(world, 3)

    # Two requests each: the channel is opened, then written to.
    done, seconds = signalled(world, signal.SIGTERM, at=2, NOTIFY_DM_INTERVAL="30")

    assert (done.returncode, done.stderr) == (0, "")
    assert seconds < 5
    assert len(world.discord.messages) == 1
    assert [row["status"] for row in world.log() if row["attempts"]] == ["delivered"]


@pytest.fixture
def _short(world: World) -> None:
    world.timeouts = Timeouts(request=0.5, stop=0.5, ending=0.5)


@pytest.mark.usefixtures("_short")
def test_a_run_ends_in_time_though_the_database_hangs_from_the_start(world: World) -> None:
    members(world, 2)
    began = time.monotonic()
    with db.connect(world.url) as other, other.transaction():
        other.execute("lock table reminders_log in access exclusive mode")
        with pytest.raises(DatabaseError, match="no answer came in time"):
            world.sweep(max_runtime=1)
    assert time.monotonic() - began < 4
    assert world.sendgrid.requests == []


@pytest.mark.usefixtures("_short")
def test_a_run_ends_in_time_though_the_database_hangs_in_the_middle(world: World) -> None:
    members(world, 40)
    other = db.connect(world.url)
    locked = threading.Event()

    def lock(request: Request) -> None:
        if not locked.is_set():
            locked.set()
            other.execute("begin")
            other.execute("lock table reminders_log in access exclusive mode")

    world.sendgrid.script(lock)
    # Long enough for a busy machine to begin: the lock comes with the first message.
    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="2"), max_runtime=3)
    other.close()

    assert summary.exit_code == 75
    assert len(summary.faults) == 1
    assert summary.seconds < 8
    sent = world.inboxes()
    assert 1 <= len(sent) < 20, "nothing new is begun without a database"
    world.sendgrid.script([])
    world.forget_waiting()
    world.timeouts = Timeouts()
    world.sweep()
    assert set(world.inboxes()) == {f"member{n}@example.org" for n in range(40)}


@pytest.mark.usefixtures("_short")
def test_a_run_ends_in_time_though_everything_hangs(world: World) -> None:
    members(world, 3)
    newcomers(world, 2)
    world.sendgrid.script(lambda request: Hang())
    world.discord.script(lambda request: Hang())
    summary = world.sweep(max_runtime=1)
    assert summary.seconds < 4
    assert summary.exit_code == 69
    assert summary.due == summary.retrying + summary.left == 5
