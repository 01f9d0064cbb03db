"""`notify cancel`: how many messages it keeps back, what its undo takes back, what it says where there is nothing."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from notify_cli import keys
from tests.support.shell import Shell
from tests.support.world import World

HELLO = ("--set", "subject=Hello", "--set", "text=How are you?", "--at", "in 20 hours")


def test_it_counts_messages_and_people(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    shell("send", "announcement", "--user", alice, "--user", bob, "--job-id", "d2", *HELLO)

    tried = shell("cancel", "d2", "--dry-run")
    ran = shell("cancel", "d2", "--yes")

    assert tried.err == "4 messages to 2 people, of 1 job, would be cancelled\n"
    assert ran.err == "4 messages to 2 people, of 1 job, cancelled: notify cancel --undo 'd2' restores\n"
    assert tried.out == ran.out == "job_id\toccurrence\tpeople\nd2\t-\t2\n"
    assert shell("cancel", "d2", "--undo", "--json").json == [{"job_id": "d2", "occurrence": "-", "people": 2}]


def test_the_log_shows_what_was_cancelled_as_cancelled_and_when(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    shell("send", "announcement", "--user", alice, "--user", bob, "--job-id", "d2", *HELLO)
    shell("cancel", "d2", "--yes")

    rows = shell("log", "--job", "d2", "--json").json

    told = sorted((row["status"], row["user_id"]) for row in rows)
    assert told == [("cancelled", who) for who in (alice, alice, bob, bob)]
    assert len({row["changed_at"] for row in rows}) == 1
    assert shell("log", "--job", "d2", "--status", "scheduled", "--json").json == []
    shell("send", "announcement", "--user", alice, "--job-id", "d2", *HELLO)
    again = shell("log", "--job", "d2", "--json").json
    assert [row["status"] for row in again if row["user_id"] == alice] == ["scheduled", "scheduled"]


def test_a_job_that_was_sent_is_said_to_be_sent(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    otters = world.platform.group("Otters", members=[alice, bob], channel=None)
    meeting = world.meeting_in(otters, hours=20)
    for number in range(3, 40):
        world.platform.meeting(world.platform.group(f"Group {number}", members=[alice]), world.now + timedelta(days=9))
    world.sweep()

    ran = shell("cancel", f"meeting_{meeting}_reminder_24h")

    assert (ran.code, ran.out) == (0, "job_id\toccurrence\tpeople\n" if ran.out else "")
    assert ran.err.startswith(f"meeting_{meeting}_reminder_24h was sent to 2 people, last on ")
    assert ran.err.endswith(": nothing is left to cancel\n")


def test_a_job_that_differs_in_a_number_is_never_suggested(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    meeting = [world.meeting_in(otters, hours=30 + number) for number in range(12)][-1]
    assert meeting > 9

    for wrong in (f"meeting_{meeting}0_reminder_24h", f"meeting_{meeting}_reminder_25h", "meeting_99_reminder_24h"):
        assert "did you mean" not in shell("cancel", wrong).err
    assert f"did you mean meeting_{meeting}_reminder_24h?" in shell("cancel", f"meeting_{meeting}_remindr_24h").err


def test_undo_takes_back_what_the_last_cancel_of_that_pattern_did_and_no_more(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    first, second = world.meeting_in(otters, hours=200), world.meeting_in(otters, hours=300)
    on_purpose = shell("cancel", f"meeting_{first}_*", "--json").json
    rest = shell("cancel", "meeting_*", "--json").json
    assert len(on_purpose) == len(rest) == 4

    foreseen = shell("cancel", "--undo", "meeting_*", "--dry-run", "--json").json
    restored = shell("cancel", "--undo", "meeting_*", "--json").json

    assert [row["job_id"] for row in restored] == [row["job_id"] for row in rest]
    assert foreseen == restored
    assert all(row["job_id"].startswith(f"meeting_{second}_") for row in restored)
    still = [row["job_id"] for row in shell("log", "--status", "cancelled", "--json").json]
    assert sorted(still) == sorted(row["job_id"] for row in on_purpose)


def test_a_pattern_that_cancelled_nothing_itself_restores_what_it_matches(world: World, shell: Shell) -> None:
    otters = world.platform.group("Otters", members=[world.platform.person("alice")])
    meeting = world.meeting_in(otters, hours=200)
    shell("cancel", "meeting_*")

    assert len(shell("cancel", "--undo", f"meeting_{meeting}_reminder_*", "--json").json) == 2
    assert len(shell("cancel", "--undo", "meeting_*", "--json").json) == 2


@pytest.mark.parametrize(
    ("pattern", "job_id", "fits"),
    [
        ("*x", "meeting_1_x", True),
        ("**************x", "meeting_1_x", True),
        ("a*b*c", "aXbXbc", True),
        ("a*b*c", "aXbXb", False),
        ("*1*h", "meeting_1_reminder_1h", True),
        ("m?eting_*", "meeting_1", True),
        ("?", "ab", False),
        ("*", "", True),
        ("a.c", "abc", False),
        ("*ab", "aab", True),
        ("*a?", "aaa", True),
    ],
)
def test_a_glob_fits_as_it_reads(pattern: str, job_id: str, fits: bool) -> None:
    assert bool(keys.matcher(pattern).fullmatch(job_id)) is fits


@pytest.mark.parametrize("pattern", ["*" * 14 + "x", "*a" * 14 + "x", "*?" * 14 + "x", "*meeting_" * 20])
def test_a_glob_of_many_stars_is_as_quick_as_one(world: World, shell: Shell, pattern: str) -> None:
    fits = keys.matcher(pattern).fullmatch
    began = time.process_time()
    for number in range(100):
        fits(f"meeting_{number}_" + "ab" * 90)
    assert time.process_time() - began < 1
    assert shell("cancel", pattern, "--dry-run").code == 0
