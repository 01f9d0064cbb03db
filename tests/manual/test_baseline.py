"""`notify baseline`: what is due counts as done without being sent, later messages stay due; --undo takes it back."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from notify_cli import due, log
from notify_cli.due import Policy, Window
from notify_cli.manual import baseline
from tests.support.shell import Shell
from tests.support.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def group(world: World) -> int:
    """Alice and bob in a group that meets in 23 hours, and alice's welcome: five messages are due."""
    alice, bob = world.platform.people("alice", "bob")
    group = world.platform.group(members=[alice, bob])
    world.meeting_in(group, hours=23)
    world.platform.enrolment(alice, at=world.now - HOUR)
    return group


@pytest.mark.usefixtures("group")
def test_what_is_due_counts_as_done_and_later_messages_stay_due(world: World, shell: Shell) -> None:
    looked = shell("baseline", "--dry-run", "--json")
    assert (looked.code, looked.json["messages"]) == (0, 5)
    assert world.log() == []

    done = shell("baseline", "--json")
    assert done.json == {"messages": 5, "by_type": {"meeting_reminder_24h": 3, "welcome": 2}}
    assert shell("sweep-due", "--json").json["due"] == 0
    assert world.sendgrid.mails == []
    later = world.now + 22.1 * HOUR
    found = due.find(world.connection, Window(now=later), Policy())
    assert {candidate.delivery.reminder_type for candidate in found} == {"meeting_reminder_1h"}
    assert shell("baseline", "--json").json == {"messages": 0, "by_type": {}}


@pytest.mark.usefixtures("group")
def test_it_is_told_as_what_it_is(world: World, shell: Shell) -> None:
    printed = shell("baseline")
    assert printed.out == (
        "5 messages counted as done, none of them sent (2 welcome, 3 meeting_reminder_24h): "
        "notify baseline --undo takes it back\n"
    )
    assert {(row["status"], row["error"]) for row in shell("log", "--json").json} == {
        ("cancelled", "counted as done without being sent: notify baseline --undo takes it back")
    }
    [welcome] = [line for line in shell("explain", "--user", 1, "--json").json if line["rule"] == "welcome"]
    assert welcome["verdict"] == "cancelled"
    assert "counted as done without being sent: notify baseline --undo takes it back" in welcome["reason"]


@pytest.mark.usefixtures("group")
def test_undo_takes_exactly_the_last_one_back(world: World, shell: Shell) -> None:
    shell("baseline", "--type", "welcome")
    assert shell("baseline", "--json").json == {"messages": 3, "by_type": {"meeting_reminder_24h": 3}}

    assert shell("baseline", "--undo").out == "3 messages are due again, as far as still useful\n"
    assert {row["reminder_type"] for row in world.log()} == {"welcome"}
    assert shell("sweep-due", "--json").json["delivered"] == 3
    assert shell("baseline", "--undo", "--json").json == {"messages": 2}
    assert shell("sweep-due", "--json").json["delivered"] == 2
    assert shell("baseline", "--undo").out == "There is no baseline to take back\n"
    assert len(world.log()) == 5


@pytest.mark.usefixtures("group")
def test_what_was_sent_stays_as_it_is(world: World, shell: Shell) -> None:
    shell("sweep-due")
    world.platform.enrolment(2, at=world.now - HOUR)
    assert shell("baseline", "--json").json["messages"] == 2
    shell("baseline", "--undo")
    assert sorted(row["status"] for row in world.log()) == ["delivered"] * 5


@pytest.mark.usefixtures("group")
def test_what_waits_in_the_log_waits_again_afterwards(world: World, shell: Shell) -> None:
    stored = shell("send", "announcement", "--user", 1, "--channel", "email", "--at", "in 2 days",
                   "--set", "subject=Hi", "--set", "text=Hello", "--json")  # fmt: skip
    assert stored.code == 0, stored.err
    world.connection.execute("update reminders_log set due_at = now(), created_at = now() - interval '1 day'")
    before = world.connection.execute("select * from reminders_log").fetchall()

    assert shell("baseline", "--type", "announcement", "--json").json["messages"] == 1
    assert world.statuses() == {stored.json[0]["notification_key"]: "cancelled"}
    shell("baseline", "--undo")
    assert world.connection.execute("select * from reminders_log").fetchall() == before
    assert shell("sweep-due", "--json").json["delivered"] == 6


@pytest.mark.usefixtures("group")
def test_what_is_being_sent_at_this_moment_is_left_alone(world: World) -> None:
    found = [c.delivery for c in due.find(world.connection, Window(), Policy(), types=["welcome"])]
    log.claim(world.connection, found, token=uuid4(), lease=HOUR)
    deliveries = baseline.due_before(world.connection, Policy())
    counted = baseline.count(world.connection, deliveries, Policy())
    assert {one.reminder_type for one in counted} == {"meeting_reminder_24h"}
    assert {row["status"] for row in world.log() if row["reminder_type"] == "welcome"} == {"pending"}


@pytest.mark.parametrize(
    ("hours", "wanted"),
    [
        (-2, set()),
        (0, {"meeting_reminder_24h"}),
        (21, {"meeting_reminder_24h"}),
        (22.5, {"meeting_reminder_24h", "meeting_reminder_1h"}),
    ],
)
def test_a_time_narrows_it_down_or_looks_ahead(world: World, shell: Shell, hours: float, wanted: set[str]) -> None:
    world.meeting_in(world.platform.group(members=world.platform.people("alice")), hours=23)
    before = (world.now + hours * HOUR).isoformat()
    assert shell("baseline", "--before", before, "--dry-run", "--json").json["by_type"].keys() == wanted
    shell("baseline", "--before", before)
    assert {row["reminder_type"] for row in world.log()} == wanted


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--undo", "--dry-run"], "give it alone"),
        (["--undo", "--type", "welcome"], "give it alone"),
        (["--type", "welcme"], "did you mean welcome?"),
        (["--before", "yesteryear"], "is not a time"),
    ],
)
def test_what_makes_no_sense_is_refused(shell: Shell, options: list[str], complaint: str) -> None:
    ran = shell("baseline", *options)
    assert ran.code == 2
    assert complaint in ran.err
