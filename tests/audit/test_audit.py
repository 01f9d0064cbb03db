"""Who should have been told and was not, or late; and what of it is sent all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notify_cli import keys, log
from notify_cli.delivery import Job
from notify_cli.errors import EXIT_FINDINGS, EXIT_OK
from tests.support.fakes.http import Reply
from tests.support.shell import Shell
from tests.support.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def outage(world: World, ago: timedelta = 3 * HOUR) -> None:
    """The last sweep was so long ago."""
    world.sweep()
    world.connection.execute("update notify.runs set last_swept_at = %s", [world.now - ago])


def otters(world: World, *, starts_in: timedelta = 30 * MINUTE) -> list[int]:
    """alice and bob meet in half an hour: the window of the reminder an hour before closed ten minutes ago."""
    people = world.platform.people("alice", "bob")
    group = world.platform.group("Otters", members=people)
    world.platform.meeting(group, world.now + starts_in, created_at=world.now - 9 * DAY)
    return people


def findings(shell: Shell, since: str = "1d") -> list[tuple[str, str, str]]:
    ran = shell("audit", "--since", since, "--json")
    assert ran.code == (EXIT_FINDINGS if ran.json else EXIT_OK)
    return sorted((row["finding"], row["method"], row["recipient"]) for row in ran.json)


MISSED = [
    ("never_tried", "discord_channel", "group_1"),
    ("never_tried", "email", "user_1"),
    ("never_tried", "email", "user_2"),
]


@pytest.mark.parametrize("swept", [False, True])
def test_what_an_outage_swallowed_is_found_before_and_after_the_next_sweep(
    world: World, shell: Shell, swept: bool
) -> None:
    outage(world)
    otters(world)
    if swept:
        world.sweep()
    assert findings(shell) == MISSED
    rows = shell("audit", "--since", "1d", "--json").json
    assert all(row["reason"].startswith("nobody swept from ") for row in rows)
    assert set(rows[0]) == {
        *("job_id", "reminder_type", "method", "recipient", "due_at", "useful_until", "finding", "reason")
    }


def test_where_nobody_ever_swept_the_whole_time_is_looked_at(world: World, shell: Shell) -> None:
    otters(world)
    assert findings(shell) == sorted([*MISSED, *MISSED])  # the reminder a day before too
    assert findings(shell, "2h") == MISSED


def test_nothing_is_printed_where_all_is_well(world: World, shell: Shell) -> None:
    otters(world, starts_in=55 * MINUTE)
    world.sweep()
    ran = shell("audit", "--since", "1d")
    assert (ran.code, ran.out, ran.err) == (EXIT_OK, "", "")


def test_a_delivery_that_failed_is_found_with_the_providers_words(world: World, shell: Shell) -> None:
    alice, _ = otters(world, starts_in=55 * MINUTE)
    world.platform.update("users", {"user_id": alice}, email="alice@@example.org")
    world.sweep()
    [row] = shell("audit", "--json").json
    assert (row["finding"], row["recipient"], row["reason"]) == ("failed", "user_1", "the email address is malformed")


def test_what_a_dead_provider_delayed_is_late_by_its_words(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id=None)
    world.platform.enrolment(alice, at=world.now - MINUTE)
    world.sendgrid.script(lambda request: Reply(503, {"errors": [{"message": "away"}]}))
    world.sweep()
    world.sendgrid.script([])
    world.forget_waiting()
    world.sweep()
    assert findings(shell) == []  # it took a moment
    world.connection.execute("update reminders_log set due_at = due_at - interval '1 hour'")
    [row] = shell("audit", "--json").json
    assert row["finding"] == "late"
    assert "503" in row["reason"]


def test_what_an_outage_delayed_is_late(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    outage(world)
    world.platform.enrolment(alice, at=world.now - 2 * HOUR)
    world.sweep()
    assert findings(shell) == [("late", "discord_dm", "user_1"), ("late", "email", "user_1")]


def test_what_became_possible_later_is_not_late(world: World, shell: Shell) -> None:
    """Nobody can know when the address was entered: sweeps ran meanwhile, so it was not possible before."""
    alice = world.platform.person("alice", email=None, discord_id=None)
    world.platform.enrolment(alice, at=world.now - 2 * HOUR)
    outage(world, MINUTE)
    world.platform.update("users", {"user_id": alice}, email="alice@example.org")
    world.sweep()
    assert findings(shell) == []


def test_the_pace_of_direct_messages_is_no_finding(world: World, shell: Shell) -> None:
    """Due 40 minutes ago all of them; one went out a second since."""
    for number in range(20):
        person = world.platform.person(f"m{number}", email=None)
        world.platform.enrolment(person, at=world.now - MINUTE)
    world.sweep()
    late = "update reminders_log set sent_at = due_at + reminder_id * interval '2 minutes', context = %s"
    world.connection.execute(late, ['{"tried": [{"error": "busy"}]}'])
    assert len(findings(shell)) == 18  # two minutes and four are no delay
    paced = shell("audit", "--json", NOTIFY_DM_INTERVAL="60").json
    assert paced == [] or len(paced) < 18


def test_who_had_left_or_was_cancelled_should_not_have_got_it(world: World, shell: Shell) -> None:
    alice, _ = otters(world, starts_in=55 * MINUTE)
    world.sweep()
    world.platform.leave(1, alice, at=world.now - HOUR)
    assert findings(shell) == [("should_not_have", "email", "user_1")]
    world.connection.execute("update groups_users set status = 'active', left_at = null")
    cancel(world)
    assert findings(shell) == []
    world.connection.execute("update reminders_log set created_at = now() - interval '1 hour'")
    assert len(findings(shell)) == 3


# --mend


def test_what_still_helps_is_sent_once_and_says_that_it_is_late(world: World, shell: Shell) -> None:
    outage(world)
    otters(world)
    world.sweep()
    shown = shell("audit", "--mend", "--dry-run", "--json")
    assert (shown.code, len(shown.json)) == (EXIT_FINDINGS, 3)
    assert world.inboxes() == []

    assert shell("audit", "--mend", "--json").json["delivered"] == 3

    assert sorted(world.inboxes()) == ["alice@example.org", "bob@example.org"]
    text, html = (part["value"] for part in world.sendgrid.mails[0]["content"])
    late = "This reaches you later than it should have, sorry"
    assert text.startswith(late)
    assert late in html
    assert world.discord.messages[0]["content"].startswith(late)
    assert shell("audit", "--mend", "--json").json["delivered"] == 0
    assert world.sweep().due == 0
    assert {row["finding"] for row in shell("audit", "--json").json} == {"late"}


def test_of_several_about_one_meeting_the_latest_goes_and_the_others_are_in_it(world: World, shell: Shell) -> None:
    outage(world, 2 * DAY)
    alice, _ = otters(world)
    done = shell("audit", "--mend", "--since", "3d", "--json").json
    assert done["delivered"] == 3
    assert {job for job, status in _jobs(world, "delivered")} == {"meeting_1_reminder_1h"}
    assert {job for job, status in _jobs(world, "cancelled")} == {"meeting_1_reminder_24h"}
    verdicts = {row["rule"]: row["verdict"] for row in shell("explain", "--user", alice, "--json").json}
    assert (verdicts["meeting_reminder_1h"], verdicts["meeting_reminder_24h"]) == ("sent", "absorbed")


def test_nobody_is_told_late_what_a_later_message_has_told(world: World, shell: Shell) -> None:
    outage(world, 2 * DAY)
    otters(world, starts_in=55 * MINUTE)
    world.sweep()
    assert len(world.inboxes()) == 2
    shell("audit", "--mend", "--since", "3d")
    assert len(world.inboxes()) == 2


@pytest.mark.parametrize("change", ["left", "opted out", "cancelled", "begun"])
def test_what_does_not_help_any_more_is_not_sent(world: World, shell: Shell, change: str) -> None:
    outage(world)
    alice, bob = otters(world, starts_in=-MINUTE if change == "begun" else 30 * MINUTE)
    world.sweep()
    for person in (alice, bob):
        if change == "left":
            world.platform.leave(1, person, at=world.now)
        elif change == "opted out":
            world.platform.update("users", {"user_id": person}, email_notifications_enabled=False)
    if change == "cancelled":
        cancel(world)
    shell("audit", "--mend")
    assert world.inboxes() == []


def _jobs(world: World, status: str) -> set[tuple[str, str]]:
    return {(row["job_id"], row["status"]) for row in world.log() if row["status"] == status}


def cancel(world: World) -> None:
    """The reminder an hour before meeting 1."""
    [(start,)] = world.connection.execute("select scheduled_time_utc from meetings").fetchall()
    log.cancel(world.connection, [Job("meeting_1_reminder_1h", keys.stamp(start), "meeting_reminder_1h")], "")
