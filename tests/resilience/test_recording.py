"""What was sent is known to nobody but the run that sent it: how hard it tries to put that into the log."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from notify_cli import db, doctor
from notify_cli.errors import DatabaseError
from notify_cli.sending import sweep
from notify_cli.sending.run import Timeouts
from tests.support import process
from tests.support.fakes.http import Reply, Request
from tests.support.world import World


def members(world: World, count: int, channel: str | None = None) -> None:
    """So many people with a reminder to get by email; one in their channel, if they have one."""
    people = world.platform.people(*(f"member{n}" for n in range(count)))
    world.meeting_in(world.platform.group("Otters", members=people, channel=channel), hours=23)


def on_database(world: World, setting: str) -> None:
    """Give every new connection this setting, as `alter role` does."""
    world.connection.execute(f"alter database {world.connection.info.dbname} set {setting}".encode())


def assert_all_is_recorded(world: World, count: int) -> None:
    assert len(world.sendgrid.mails) + len(world.discord.messages) == count
    assert [(row["status"], row["attempts"]) for row in world.log()] == [("delivered", 1)] * count


@pytest.mark.parametrize("code", ["57014", "55P03", "40P01"], ids=["statement timeout", "lock timeout", "deadlock"])
def test_a_record_that_is_written_at_the_second_try_is_no_fault(world: World, code: str) -> None:
    members(world, 20)
    world.connection.execute(
        f"""
        create sequence tries;
        create function fail_once() returns trigger language plpgsql as $$
        begin
            if nextval('tries') = 1 then raise exception 'not now' using errcode = '{code}'; end if;
            return new;
        end $$;
        create trigger fail_once before update on reminders_log for each row
            when (new.delivery_status = 'delivered') execute function fail_once()
        """.encode()
    )

    summary = world.sweep()

    assert (summary.delivered, summary.left, summary.exit_code, summary.faults) == (20, 0, 0, [])
    assert_all_is_recorded(world, 20)


@pytest.mark.parametrize("method", ["email", "discord_dm"])
def test_a_run_whose_connection_is_closed_during_every_request_goes_on(world: World, method: str) -> None:
    """As a server may do with one that idles. A DM takes two requests: its channel is opened before its turn comes."""
    for number in range(4):
        addresses = {"email": None} if method == "discord_dm" else {"discord_id": None}
        world.platform.enrolment(world.platform.person(f"member{number}", **addresses), at=world.now)
    world.sendgrid.script(lambda request: disconnect(world))
    world.discord.script(lambda request: disconnect(world))

    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1", NOTIFY_DM_INTERVAL="0.1"))

    assert (summary.delivered, summary.left, summary.exit_code, summary.faults) == (4, 0, 0, [])
    assert_all_is_recorded(world, 4)


def test_connections_that_may_not_idle_for_the_time_of_a_request_are_no_fault(world: World) -> None:
    members(world, 20)
    on_database(world, "idle_session_timeout = '800ms'")
    world.sendgrid.latency = 1.0

    done = process.run(world.environment(), "sweep-due")

    assert (done.returncode, done.stderr) == (0, "")
    assert_all_is_recorded(world, 20)


class Away:
    """A way to connect that fails so often, with this error, once `at` connections were made."""

    def __init__(self, world: World, at: int, error: Exception, times: int = 1) -> None:
        self._connect = partial(db.connect, world.url)
        self._at = at
        self._error = error
        self._times = times
        self.count = 0

    def __call__(self) -> db.Connection:
        self.count += 1
        if self._at < self.count <= self._at + self._times:
            raise self._error
        return self._connect()


def disconnect(world: World) -> None:
    """End every sweep's connection."""
    with psycopg.connect(world.url, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and application_name = 'notify' and pid <> %s",
            [world.connection.info.backend_pid],
        )


def disconnect_at_first(world: World) -> Callable[[Request], None]:
    """End them as the first request arrives."""
    met: list[Request] = []

    def step(request: Request) -> None:
        met.append(request)
        if len(met) == 1:
            disconnect(world)

    return step


AWAY = [DatabaseError("the database cannot be reached: it is gone"), OSError(24, "Too many open files")]


@pytest.mark.parametrize("error", AWAY, ids=["no database", "no file descriptors"])
def test_a_run_that_found_the_database_away_begins_no_more(world: World, error: Exception) -> None:
    """Also where it is back soon: the claims may be gone with the server that had them."""
    members(world, 12)
    world.sendgrid.script(disconnect_at_first(world))
    # The first connection finds what is due, the second is the channel's own.
    connect = Away(world, 2, error, times=3)

    summary = sweep.sweep(connect, world.settings(NOTIFY_EMAIL_CONCURRENCY="2"))

    assert connect.count == 6
    assert (summary.exit_code, summary.delivered + summary.left, len(summary.faults)) == (75, 12, 1)
    assert 0 < summary.delivered < 6
    assert [row["status"] for row in world.log()].count("delivered") == len(world.inboxes()) == summary.delivered
    world.sendgrid.script([])
    assert world.sweep().delivered == summary.left, "free at once"
    assert_all_is_recorded(world, 12)


def test_a_database_that_was_away_is_no_fault_of_a_run_that_had_nothing_else_to_do(world: World) -> None:
    members(world, 3)
    world.sendgrid.latency = 0.1
    world.sendgrid.script(disconnect_at_first(world))

    summary = sweep.sweep(Away(world, 2, AWAY[0]), world.settings())

    assert (summary.delivered, summary.exit_code, summary.faults) == (3, 0, [])
    assert_all_is_recorded(world, 3)


class Locked(AbstractContextManager["Locked"]):
    """The log, locked by somebody else from the moment at which `at` requests have arrived, none of them answered."""

    def __init__(self, world: World, at: int, answer: Reply | None = None) -> None:
        self._world = world
        self._at = at
        self._answer = answer
        self._count = itertools.count(1)
        self._stack = ExitStack()
        self.when_locked: Callable[[], object] = lambda: None

    def __enter__(self) -> Locked:
        self._other = self._stack.enter_context(psycopg.connect(self._world.url, autocommit=True))
        for provider in (self._world.sendgrid, self._world.discord):
            provider.latency = 0.8
            provider.script(self._on_request)
        return self

    def __exit__(self, *_: object) -> None:
        self.unlock()
        self._stack.close()
        for provider in (self._world.sendgrid, self._world.discord):
            provider.latency = 0.0
            provider.script([])

    def unlock(self) -> None:
        """Let everybody at it again."""
        self._other.execute("rollback")

    def _on_request(self, request: Request) -> Reply | None:
        if next(self._count) == self._at:
            self._other.execute("begin")
            self._other.execute("lock table reminders_log in access exclusive mode")
            self.when_locked()
        return self._answer


@pytest.mark.parametrize("lock_timeout", ["0", "20ms"], ids=["waits", "is refused again and again"])
def test_outcomes_that_cannot_be_written_until_the_end_are_told_in_one_line(world: World, lock_timeout: str) -> None:
    members(world, 4, channel="900")
    on_database(world, f"lock_timeout = '{lock_timeout}'")
    world.timeouts = Timeouts(request=2.0, ending=2.0)
    with Locked(world, at=5):
        summary = world.sweep(max_runtime=3)
        # Else a server that waits for the lock would write an outcome though nobody waits for it any more.
        disconnect(world)

    assert (summary.exit_code, summary.delivered, summary.left) == (75, 5, 0)
    [fault] = summary.faults
    assert fault.startswith("5 outcomes could not be written to the log, so these deliveries may go out again: the ")
    assert 3 < summary.seconds < 8
    assert {row["status"] for row in world.log()} == {"pending"}
    world.forget_waiting()
    on_database(world, "lock_timeout = 0")
    assert world.sweep().delivered == 5
    assert len(world.discord.messages) == 1, "merged by its nonce"
    sent = [request.json["headers"]["Message-ID"] for request in world.sendgrid.requests]
    assert (len(sent), len(set(sent))) == (8, 4), "a duplicate can be merged"


def test_no_more_is_sent_than_is_in_flight_while_the_log_takes_nothing(world: World) -> None:
    members(world, 30)
    world.timeouts = Timeouts(request=2.0, ending=2.0)
    with Locked(world, at=1):
        summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="4"), max_runtime=5)
        disconnect(world)

    assert summary.exit_code == 75
    assert len(world.sendgrid.requests) <= 4


def test_a_run_tries_to_record_until_its_end(world: World) -> None:
    """For longer than the lease leaves for it too: nobody else may have taken the row."""
    members(world, 4)
    on_database(world, "lock_timeout = '20ms'")
    world.timeouts = Timeouts(record=0.0)
    with Locked(world, at=4) as locked:
        locked.when_locked = threading.Timer(1.6, locked.unlock).start
        summary = world.sweep(max_runtime=20)

    assert (summary.delivered, summary.exit_code, summary.faults) == (4, 0, [])
    assert 1.6 < summary.seconds < 8
    assert_all_is_recorded(world, 4)


def test_a_run_that_is_told_to_stop_gives_up_recording_soon(world: World) -> None:
    members(world, 4)
    on_database(world, "lock_timeout = '20ms'")
    world.timeouts = Timeouts(stop=0.5)
    stop = threading.Event()
    with Locked(world, at=4) as locked:
        locked.when_locked = threading.Timer(1.2, stop.set).start
        summary = world.sweep(max_runtime=40, stop=stop)

    assert summary.exit_code == 75
    assert summary.faults[0].startswith("4 outcomes could not be written")
    assert 1.2 < summary.seconds < 8


def test_an_address_that_cannot_be_remembered_costs_no_outcome(world: World) -> None:
    alice = world.platform.person("alice", email=None)
    world.platform.enrolment(alice, at=world.now)
    world.connection.execute("alter table notify.dm_channels add constraint picky check (length(channel_id) < 3)")

    summary = world.sweep()

    assert (summary.delivered, summary.exit_code) == (1, 75)
    assert "violates check constraint" in summary.faults[0]
    assert [row["status"] for row in world.log()] == ["delivered"]


def test_a_failure_that_cannot_be_written_counts_too(world: World) -> None:
    members(world, 4)
    world.timeouts = Timeouts(request=2.0, ending=2.0)
    refusal = Reply(400, {"errors": [{"message": "no", "field": "personalizations.0.to"}]})
    with Locked(world, at=4, answer=refusal):
        summary = world.sweep(max_runtime=3)

    assert summary.failed == 4
    assert summary.faults[0].startswith("4 outcomes could not be written")


def test_an_outcome_that_the_database_refuses_parks_its_row_and_stops_the_channel(world: World) -> None:
    """Whatever becomes of it, each further try would send it again."""
    members(world, 12, channel="900")
    world.connection.execute(
        "alter table reminders_log add constraint picky"
        " check (delivery_status <> 'delivered' or delivery_method <> 'email')"
    )

    first = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1"))

    sent = len(world.inboxes())
    assert 0 < sent < 12, "the channel stops"
    assert (first.exit_code, len(world.discord.messages)) == (75, 1)
    [fault] = first.faults
    assert fault.startswith(f"{sent} of what was sent could not be recorded and is not sent again, see notify doctor: ")
    world.connection.execute("alter table reminders_log drop constraint picky")
    world.connection.execute("update reminders_log set claimed_until = now() where claimed_until < 'infinity'")
    second = world.sweep()
    assert (second.delivered, second.exit_code) == (12 - sent, 0)
    assert len(set(world.inboxes())) == len(world.inboxes()) == 12
    parked = [row["reminder_id"] for row in world.log() if row["status"] == "pending"]
    assert len(parked) == sent
    [check] = [one for one in doctor.examine(world.settings()) if "could not be recorded" in one.detail]
    assert str(parked[0]) in check.detail


def test_a_parked_row_neither_expires_nor_is_taken_by_a_later_run(world: World) -> None:
    members(world, 1)
    world.connection.execute("alter table reminders_log add constraint picky check (delivery_status <> 'delivered')")
    world.sweep()
    world.connection.execute("alter table reminders_log drop constraint picky")
    for hours in (0, 1, 24, 240):
        assert world.sweep(now=world.now + timedelta(hours=hours)).delivered == 0
    # What passed meanwhile, the other reminder, is put down as such.
    statuses = {row["reminder_type"]: row["status"] for row in world.log()}
    assert statuses == {"meeting_reminder_24h": "pending", "meeting_reminder_1h": "expired"}
    assert len(world.inboxes()) == 1
