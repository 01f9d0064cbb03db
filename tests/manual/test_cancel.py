"""`notify cancel`: jobs that do not go out, for nobody, until they are restored."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from notify_cli import db, due, log
from notify_cli.due import Policy, Window
from notify_cli.manual import cancellation
from tests.support.candidates import stamp
from tests.support.fakes.http import Reply
from tests.support.shell import Shell
from tests.support.terminal import Result
from tests.support.world import World

HELLO = ("--set", "subject=Hello", "--set", "text=How are you?")


def cancelled(ran: Result) -> list[tuple[str, str]]:
    """(job id, occurrence) of what `cancel --json` printed."""
    assert ran.code == 0, ran.err
    return [(row["job_id"], row["occurrence"]) for row in ran.json]


def rows_of_cancellations(world: World) -> list[str]:
    return [row["notification_key"] for row in world.log() if row["status"] == "cancelled"]


def test_it_stops_exactly_this_meetings_reminders_for_everyone_also_for_who_joins_later(
    world: World, shell: Shell
) -> None:
    alice, bob, carol = world.platform.people("alice", "bob", "carol")
    otters = world.platform.group("Otters", members=[alice, bob])
    badgers = world.platform.group("Badgers", members=[alice])
    meeting, other = world.meeting_in(otters, hours=30), world.meeting_in(badgers, hours=30)

    found = cancelled(shell("cancel", f"meeting_{meeting}_*", "--json"))

    at = stamp(world.now + timedelta(hours=30))
    jobs = [f"meeting_{meeting}_{name}" for name in ("lesson_nudge_1d", "reminder_1h", "reminder_24h")]
    assert found == [(job, at) for job in jobs]
    assert rows_of_cancellations(world) == [f"{job}/{at}/cancelled" for job in jobs]
    world.platform.member(otters, carol, joined_at=world.now)
    for hours in (7, 29.2):
        world.sweep(now=world.now + timedelta(hours=hours))
    sent = [key for key, status in world.statuses().items() if status == "delivered"]
    assert {key.split("/")[0] for key in sent if key.startswith("meeting_")} == {
        f"meeting_{other}_reminder_24h",
        f"meeting_{other}_reminder_1h",
    }


def test_a_meeting_that_is_moved_reminds_again(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    meeting = world.meeting_in(otters, hours=20)
    shell("cancel", f"meeting_{meeting}_*")
    assert world.sweep().due == 0

    world.platform.move(meeting, world.now + timedelta(hours=22))

    assert world.sweep().delivered == 2


def test_undo_restores_exactly_what_was_cancelled(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    first, second = world.meeting_in(otters, hours=20), world.meeting_in(otters, hours=21)
    done = cancelled(shell("cancel", "meeting_*", "--json"))
    assert world.sweep().due == 0

    restored = cancelled(shell("cancel", f"meeting_{first}_*", "--undo", "--json"))

    assert restored == [job for job in done if job[0].startswith(f"meeting_{first}_")]
    assert world.sweep().delivered == 2
    delivered = [key for key, status in world.statuses().items() if status == "delivered"]
    assert all(key.startswith(f"meeting_{first}_") for key in delivered)
    assert cancelled(shell("cancel", "*", "--undo", "--yes", "--json")) == [
        job for job in done if job[0].startswith(f"meeting_{second}_")
    ]
    assert rows_of_cancellations(world) == []


def test_cancelling_again_cancels_nothing_more(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    meeting = world.meeting_in(otters, hours=30)
    shell("cancel", f"meeting_{meeting}_*")
    before = world.log()

    assert cancelled(shell("cancel", f"meeting_{meeting}_*", "--json")) == []
    assert "3 jobs cancelled already" in shell("cancel", f"meeting_{meeting}_*").err
    assert world.log() == before


def test_what_is_completely_sent_is_not_cancelled(world: World, shell: Shell) -> None:
    carol = world.platform.person("carol", wants_email=False)
    otters = world.platform.group("Otters", members=[world.platform.person("alice"), carol])
    meeting = world.meeting_in(otters, hours=20)
    world.sweep()

    found = cancelled(shell("cancel", f"meeting_{meeting}_*", "--json"))

    assert f"meeting_{meeting}_reminder_1h" in {job for job, _ in found}
    assert f"meeting_{meeting}_reminder_24h" not in {job for job, _ in found}


def test_a_job_sent_to_some_is_not_tried_again_for_the_rest(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    otters = world.platform.group("Otters", members=[alice, bob], channel=None)
    meeting = world.meeting_in(otters, hours=20)
    world.sendgrid.script([Reply(500, "out of order")])
    assert world.sweep().retrying == 1

    found = cancelled(shell("cancel", f"meeting_{meeting}_reminder_24h", "--json"))

    assert len(found) == 1
    world.forget_waiting()
    assert world.sweep().due == 0
    assert len(world.inboxes()) == 1
    shell("cancel", f"meeting_{meeting}_reminder_24h", "--undo")
    assert world.sweep().delivered == 1


def test_stored_messages_are_cancelled_and_restored(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    command = ("--channel", "email", *HELLO, "--at", "in 2 hours")
    shell("send", "announcement", "--user", alice, "--user", bob, "--job-id", "spring-1", *command)
    shell("send", "announcement", "--user", alice, "--job-id", "autumn-1", *command)

    assert cancelled(shell("cancel", "spring-?", "--json")) == [("spring-1", "-")]

    later = world.now + timedelta(hours=3)
    assert world.sweep(now=later).delivered == 1
    assert cancelled(shell("cancel", "spring-1", "--undo", "--json")) == [("spring-1", "-")]
    assert world.sweep(now=later).delivered == 2


def test_what_is_stored_after_the_cancellation_goes_out_and_nothing_else(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    command = ("send", "announcement", "--job-id", "spring", "--channel", "email", *HELLO, "--at", "in 2 hours")
    shell(*command, "--user", alice, "--user", bob)
    shell("cancel", "spring")

    shell(*command, "--user", alice)

    assert world.sweep(now=world.now + timedelta(hours=3)).delivered == 1
    assert world.inboxes() == ["alice@example.org"]


def test_what_is_stored_after_a_cancellation_can_be_cancelled_again(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    command = ("send", "announcement", "--job-id", "spring", "--channel", "email", *HELLO, "--at", "in 2 hours")
    for _ in range(2):
        shell(*command, "--user", alice)
        assert cancelled(shell("cancel", "spring", "--json")) == [("spring", "-")]

    assert world.sweep(now=world.now + timedelta(hours=3)).due == 0
    assert rows_of_cancellations(world) == ["spring/-/cancelled"]


def test_a_dry_run_shows_it_and_writes_nothing(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    meeting = world.meeting_in(otters, hours=20)

    found = cancelled(shell("cancel", f"meeting_{meeting}_reminder_24h", "--dry-run", "--json"))

    assert len(found) == 1
    assert world.log() == []
    assert world.sweep().delivered == 2


def test_a_pattern_that_matches_nothing_says_so_and_what_may_have_been_meant(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    meeting = world.meeting_in(otters, hours=20)

    ran = shell("cancel", f"meeting_{meeting}_reminder_24hours")

    assert ran.code == 0
    assert f"did you mean meeting_{meeting}_reminder_24h?" in ran.err
    assert cancelled(shell("cancel", "nonsense", "--json")) == []


def test_a_script_may_cancel_everything_since_it_can_be_undone(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    world.meeting_in(otters, hours=20)

    assert len(cancelled(shell("cancel", "*", "--json"))) == 3
    assert len(cancelled(shell("cancel", "*", "--undo", "--json"))) == 3


@pytest.mark.parametrize("pattern", ["", " ", "meeting_5_reminder_24h/20260204T150000Z"])
def test_a_pattern_that_can_match_nothing_is_refused(shell: Shell, pattern: str) -> None:
    ran = shell("cancel", pattern)

    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


def test_a_calendar_that_is_as_it_should_be_is_not_cancelled_with_its_group(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters")
    meeting = world.meeting_in(otters, hours=50)
    world.platform.member(otters, alice, joined_at=world.now - timedelta(minutes=5))
    world.sweep()

    assert cancelled(shell("cancel", f"group_{otters}_*", "--json")) == []

    world.platform.move(meeting, world.now + timedelta(hours=60))
    assert cancelled(shell("cancel", f"group_{otters}_*", "--json")) == [(f"group_{otters}_calendar", "seq1")]
    assert world.sweep().due == 0
    shell("cancel", f"group_{otters}_*", "--undo")
    assert world.sweep().delivered == 1


def test_a_cancellation_between_finding_and_claiming_is_heeded(world: World) -> None:
    otters = world.platform.group("Otters", members=world.platform.people("alice", "bob"))
    meeting = world.meeting_in(otters, hours=20)
    found = [c.delivery for c in due.find(world.connection, Window(), Policy())]
    assert len(found) == 3

    cancellation.cancel(world.connection, f"meeting_{meeting}_*", Policy())

    assert log.claim(world.connection, found, token=uuid4(), lease=timedelta(minutes=1)) == []


def test_what_is_being_sent_is_finished_and_the_rest_is_not_begun(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=world.platform.people("alice", "bob"), channel=None)
    meeting = world.meeting_in(otters, hours=20)
    found = [c.delivery for c in due.find(world.connection, Window(), Policy())]
    token = uuid4()
    [claim] = log.claim(world.connection, found[:1], token=token, lease=timedelta(minutes=1))

    assert len(cancelled(shell("cancel", f"meeting_{meeting}_reminder_24h", "--json"))) == 1

    assert log.record(world.connection, [log.Outcome(claim.reminder_id, "delivered", message="Hi")], token=token) == 1
    assert world.sweep().due == 0


def test_two_who_cancel_at_once_leave_one_row(world: World) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    world.meeting_in(otters, hours=20)
    start = threading.Barrier(4)

    def run() -> None:
        with db.connect(world.url) as connection:
            start.wait()
            cancellation.cancel(connection, "meeting_*", Policy())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(rows_of_cancellations(world)) == len(set(rows_of_cancellations(world))) == 3
