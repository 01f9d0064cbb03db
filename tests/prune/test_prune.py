"""What nothing needs any more goes; what a rule, a calendar or a cancellation still needs stays, however old it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notify_cli import keys, log
from notify_cli.delivery import Job
from tests.support.shell import Shell
from tests.support.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def old(world: World, days: int = 400) -> None:
    """Everything that the log has is that much older, and the meetings too."""
    world.connection.execute(
        """
        update reminders_log set due_at = due_at - %(d)s, useful_until = useful_until - %(d)s,
            sent_at = sent_at - %(d)s, created_at = created_at - %(d)s
        """,
        {"d": days * DAY},
    )


def all_kinds(world: World) -> None:
    """A welcome, an assignment, a reminder of a meeting, a nudge about a trial lesson, each by email and otherwise."""
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now - HOUR)
    group = world.platform.group("Otters", members=[])
    world.platform.member(group, alice, joined_at=world.now - 2 * DAY)
    world.meeting_in(group, hours=23)
    world.platform.session(world.platform.person("bob"), "intro", started_at=world.now - 25 * HOUR)
    world.sweep()


def held_long_ago(world: World) -> None:
    """The meeting and what was sent about it, 400 days earlier."""
    [(start,)] = world.connection.execute("select scheduled_time_utc from meetings").fetchall()
    before = start - 400 * DAY
    world.connection.execute("update meetings set scheduled_time_utc = %s", [before])
    world.connection.execute(
        "update reminders_log set notification_key = replace(notification_key, %s, %s)",
        [keys.stamp(start), keys.stamp(before)],
    )
    world.connection.execute("update notify.calendars set live_until = now() - interval '1 day'")


def types(world: World) -> set[str]:
    return {row["reminder_type"] for row in world.log()}


def test_what_can_come_again_stays_and_what_cannot_goes(world: World, shell: Shell) -> None:
    all_kinds(world)
    everything = types(world)
    held_long_ago(world)
    assert shell("prune", "--older-than", "1y", "--json").json == {"deleted": 0}  # young
    old(world)
    counted = shell("prune", "--older-than", "1y", "--dry-run", "--json").json
    assert types(world) == everything

    assert shell("prune", "--older-than", "1y", "--json").json == counted == {"deleted": 2}

    assert types(world) == everything - {"meeting_reminder_24h"}
    again = world.sweep()
    assert again.delivered == 0


def test_with_its_cause_it_goes(world: World, shell: Shell) -> None:
    all_kinds(world)
    held_long_ago(world)
    old(world)
    world.connection.execute("update users set deleted_at = now(); update groups_users set status = 'removed'")
    world.connection.execute("delete from lesson_sessions")
    world.connection.execute("update groups_users set left_at = now()")
    shell("prune", "--older-than", "1y")
    assert types(world) == set()
    assert world.connection.execute("select count(*) from reminder_recipients_log").fetchone() == (0,)


def test_a_cancellation_stays_until_its_meeting_was_held(world: World, shell: Shell) -> None:
    for number, days in ((1, -500), (2, 30)):
        start = keys.stamp(world.now + days * DAY)
        log.cancel(world.connection, [Job(f"meeting_{number}_reminder_1h", start, "meeting_reminder_1h")], "")
    log.cancel(world.connection, [Job("user_1_welcome", "-", "welcome")], "")
    old(world)
    shell("prune", "--older-than", "1y")
    assert sorted(row["job_id"] for row in world.log()) == ["meeting_2_reminder_1h", "user_1_welcome"]


def test_what_waits_and_the_rows_of_others_stay(world: World, shell: Shell) -> None:
    world.platform.log_row(sent_at=world.now - 900 * DAY, created_at=world.now - 900 * DAY)
    world.platform.log_row(notification_key="a/-/email/user_1", delivery_status="pending", due_at=world.now - 900 * DAY,
        useful_until=world.now - 800 * DAY, created_at=world.now - 900 * DAY)  # fmt: skip
    assert shell("prune", "--older-than", "31d", "--json").json == {"deleted": 0}


@pytest.mark.parametrize("arguments", [(), ("--older-than", "30d"), ("--older-than", "1y", "--user", "1")])
def test_what_is_too_young_or_not_said_is_refused(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell("prune", *arguments).code == 2


def test_a_person_is_erased_and_the_counts_stay(world: World, shell: Shell) -> None:
    all_kinds(world)
    world.connection.execute("insert into notify.suppressions values ('alice@example.org', 'bounce', now())")
    count = len(world.log())
    world.connection.execute("update users set deleted_at = now() where user_id = 1")

    shown = shell("prune", "--user", 1, "--dry-run", "--json").json
    erased = shell("prune", "--user", 1, "--json").json

    assert shown == erased
    assert erased["messages"] > 2
    assert len(world.log()) == count
    mine = [row for row in world.log() if row["user_id"] == 1]
    assert {row["status"] for row in mine} == {"delivered"}
    assert {(row["message"], row["provider_message_id"]) for row in mine} == {("", None)}
    [(held,)] = world.connection.execute(
        "select row_to_json(c)::text from notify.calendars c where user_id = 1"
    ).fetchall()
    assert "alice@" not in held
    others = [row for row in world.log() if row["user_id"] == 2]
    assert others
    assert all(row["message"] for row in others)


def test_of_somebody_who_is_there_what_is_in_use_stays(world: World, shell: Shell) -> None:
    all_kinds(world)
    shell("prune", "--user", 1)
    assert world.connection.execute("select address from notify.calendars where user_id = 1").fetchone() == (
        "alice@example.org",
    )
    assert world.sweep().delivered == 0


def test_nobody_is_an_error(shell: Shell) -> None:
    assert shell("prune", "--user", 4711).code == 2
