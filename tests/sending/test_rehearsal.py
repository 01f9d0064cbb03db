"""Rehearsals: what goes into an outbox or to a redirect uses nothing up, and half a redirect reaches nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notify_cli import keys, log
from notify_cli.due import Policy
from notify_cli.manual import baseline, cancellation
from tests.support.terminal import Command, on_terminal
from tests.support.world import World

REDIRECTS = {"NOTIFY_REDIRECT_EMAIL": "carol@example.org", "NOTIFY_REDIRECT_DISCORD": "42"}
REAL, REHEARSAL = Policy(), Policy(rehearsal=True)


@pytest.fixture
def otters(world: World) -> int:
    """Two people with a reminder to get by email, and one in their channel."""
    group = world.platform.group("Otters", members=world.platform.people("alice", "bob"), channel="900")
    world.meeting_in(group, hours=23)
    return group


def outbox(tmp_path: Path) -> dict[str, str]:
    return {"NOTIFY_OUTBOX": str(tmp_path / "out")}


def counts(world: World, **environment: str) -> tuple[int, int]:
    done = world.sweep(world.settings(**environment))
    assert (done.exit_code, done.faults) == (0, [])
    return done.due, done.delivered


@pytest.mark.parametrize("way", ["outbox", "redirects"])
def test_a_rehearsal_uses_nothing_up_and_dedupes_against_itself(
    world: World, otters: int, tmp_path: Path, way: str
) -> None:
    rehearsal = outbox(tmp_path) if way == "outbox" else REDIRECTS
    assert counts(world, **rehearsal) == (3, 3)
    rehearsed = set(world.statuses())
    assert all(key.endswith("~rehearsal") for key in rehearsed)
    assert counts(world, **rehearsal) == (0, 0)
    before = len(world.inboxes())
    assert counts(world) == (3, 3)
    assert sorted(world.inboxes()[before:]) == ["alice@example.org", "bob@example.org"]
    assert set(world.statuses()) - rehearsed == {key.removesuffix("~rehearsal") for key in rehearsed}
    assert counts(world, **rehearsal) == counts(world) == (0, 0)


def test_emails_of_a_rehearsal_are_other_emails(world: World, otters: int) -> None:
    """A mailbox that has both must not merge them."""
    for environment in ({}, REDIRECTS):
        world.sweep(world.settings(**environment))
    sent = [request.json["headers"]["Message-ID"] for request in world.sendgrid.requests]
    assert len(set(sent)) == len(sent) == 4


def test_half_a_redirect_stops_the_other_channel(world: World, otters: int) -> None:
    done = world.sweep(world.settings(NOTIFY_REDIRECT_EMAIL="carol@example.org"))
    assert (done.due, done.delivered, done.left, done.exit_code, done.faults) == (3, 2, 1, 0, [])
    assert world.inboxes() == ["carol@example.org"] * 2
    assert not world.discord.requests
    assert {row["method"] for row in world.log()} == {"email"}, "rows of Discord are untouched"


def test_half_a_redirect_of_discord_stops_email(world: World, otters: int) -> None:
    done = world.sweep(world.settings(NOTIFY_REDIRECT_DISCORD="42"))
    assert (done.delivered, done.left, done.exit_code) == (1, 2, 0)
    assert not world.sendgrid.requests
    assert [message["recipient_id"] for message in world.discord.messages] == ["42"]


def test_with_an_outbox_half_a_redirect_stops_nothing(world: World, otters: int, tmp_path: Path) -> None:
    assert counts(world, **outbox(tmp_path), NOTIFY_REDIRECT_EMAIL="carol@example.org") == (3, 3)


def test_a_message_by_hand_says_which_channel_is_stopped(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    arguments = ["--user", str(alice), "--set", "subject=Hello", "--set", "text=World", "--json"]
    result = notify("send", "announcement", *arguments, NOTIFY_REDIRECT_EMAIL="carol@example.org")
    became = {line["method"]: (line["status"], line["error"]) for line in result.json}
    assert became["email"] == ("delivered", None)
    assert became["discord_dm"][0] == "retrying"
    assert became["discord_dm"][1].startswith("Discord is stopped: ")
    assert not world.discord.requests


def test_time_in_a_rehearsal_is_no_time_for_the_real_rows(world: World, otters: int, tmp_path: Path) -> None:
    """A rehearsal as of next week must not close what waits now."""
    [waiting] = plan(world, "alice")
    done = world.sweep(world.settings(**outbox(tmp_path)), now=world.now + timedelta(days=7))
    assert done.exit_code == 0
    assert world.statuses()[waiting] == "pending"
    assert log.expire(world.connection, now=world.now + timedelta(days=7)) == 1


def plan(world: World, name: str) -> list[str]:
    """Keys of a message that waits in the log, stored without a rehearsal."""
    from notify_cli.delivery import Delivery
    from notify_cli.registry import Method

    user = world.platform.person(name)
    context: dict[str, Any] = {"variables": {"subject": "Hello", "text": "World"}}
    at = world.now - timedelta(minutes=1)
    delivery = Delivery(
        "mine", "-", "announcement", Method.EMAIL, user, None, None, at, at + timedelta(hours=1), context
    )
    return sorted(log.store(world.connection, [delivery]))


def test_a_stored_message_is_sent_by_the_kind_of_run_that_stored_it(
    world: World, notify: Command, tmp_path: Path
) -> None:
    [waiting] = plan(world, "alice")
    assert counts(world, **outbox(tmp_path)) == (0, 0)
    bob = world.platform.person("bob", discord_id=None)
    arguments = [
        "--user",
        str(bob),
        "--set",
        "subject=Hello",
        "--set",
        "text=World",
        "--at",
        "in 1 hour",
        "--channel",
        "email",
    ]
    assert notify("send", "announcement", *arguments, **outbox(tmp_path)).code == 0
    [rehearsed] = [key for key in world.statuses() if key.endswith("~rehearsal")]
    world.connection.execute("update reminders_log set due_at = now() - interval '1 minute'")
    assert counts(world) == (1, 1)
    assert world.statuses() == {waiting: "delivered", rehearsed: "pending"}
    assert counts(world, **outbox(tmp_path)) == (1, 1)
    assert world.inboxes() == ["alice@example.org"]


def test_a_cancellation_is_of_the_kind_of_run_that_made_it(world: World, otters: int, tmp_path: Path) -> None:
    assert cancellation.cancel(world.connection, "meeting_*", REHEARSAL)
    assert cancellation.cancelled_jobs(world.connection, "*") == []
    assert counts(world, **outbox(tmp_path)) == (0, 0)
    assert counts(world) == (3, 3)
    assert len(cancellation.undo(world.connection, "*", REHEARSAL)) == 3
    assert counts(world, **outbox(tmp_path)) == (3, 3)


def test_a_cancellation_at_the_last_moment_counts_in_a_rehearsal_too(world: World, otters: int, tmp_path: Path) -> None:
    from uuid import uuid4

    from notify_cli import due

    found = [one.delivery for one in due.find(world.connection, due.Window(), REHEARSAL)]
    cancellation.cancel(world.connection, "meeting_*", REHEARSAL)
    lease = timedelta(minutes=1)
    assert log.claim(world.connection, found, token=uuid4(), lease=lease) == []
    real = [one.delivery for one in due.find(world.connection, due.Window(), REAL)]
    assert len(log.claim(world.connection, real, token=uuid4(), lease=lease)) == 3


def test_a_baseline_is_of_the_kind_of_run_that_made_it(world: World, otters: int, tmp_path: Path) -> None:
    found = baseline.due_before(world.connection, REHEARSAL)
    assert len(baseline.count(world.connection, found, REHEARSAL)) == 3
    assert baseline.undo(world.connection) == 0
    assert counts(world, **outbox(tmp_path)) == (0, 0)
    assert counts(world) == (3, 3)
    assert baseline.undo(world.connection, rehearsal=True) == 3
    assert counts(world, **outbox(tmp_path)) == (3, 3)


def test_invites_of_a_rehearsal_are_a_series_of_their_own(world: World) -> None:
    alice = world.platform.person("alice", discord_id=None)
    group = world.platform.group("Otters", channel="900")
    world.platform.member(group, alice, joined_at=world.now - timedelta(minutes=1))
    meeting = world.meeting_in(group, hours=100)
    real, redirected = (world.settings(NOTIFY_SETTLE_MINUTES="0", **more) for more in ({}, REDIRECTS))
    for settings in (redirected, real):
        assert world.sweep(settings).delivered == 1
    world.platform.move(meeting, world.now + timedelta(hours=150))
    for settings in (real, redirected, real, redirected):
        world.sweep(settings)
    invites = [dict(_lines(mail["content"][2]["value"])) for mail in world.sendgrid.mails]
    assert [(one["UID"].partition("@")[0], one["SEQUENCE"]) for one in invites] == [
        (f"group-{group}-user-{alice}-rehearsal", "0"),
        (f"group-{group}-user-{alice}", "0"),
        (f"group-{group}-user-{alice}", "1"),
        (f"group-{group}-user-{alice}-rehearsal", "1"),
    ]
    world.platform.update("groups_users", {"user_id": alice}, status="dropped", left_at=world.now)
    for settings in (redirected, real):
        assert world.sweep(settings).delivered == 1, "the CANCEL of either"


def _lines(ics: str) -> list[tuple[str, str]]:
    return [(name, value) for line in ics.splitlines() for name, _, value in [line.partition(":")]]


def test_a_nudge_for_one_session_is_rehearsed_for_itself(world: World, tmp_path: Path) -> None:
    alice = world.platform.person("alice", discord_id=None)
    for hours in (40, 26):
        world.platform.session(alice, "lesson-1", started_at=world.now - timedelta(hours=hours))
        assert counts(world, **outbox(tmp_path))[0] == (1 if hours == 40 else 0)
    assert counts(world) == (1, 1)


def test_upcoming_lists_what_was_only_rehearsed(world: World, otters: int, notify: Command, tmp_path: Path) -> None:
    counts(world, **outbox(tmp_path))
    assert len(notify("upcoming --within 1h --json").json) == 3
    assert notify("upcoming --within 1h --json", **outbox(tmp_path)).json == []


def test_the_log_tells_rehearsals_from_the_real_thing(
    world: World, otters: int, notify: Command, tmp_path: Path
) -> None:
    counts(world, **outbox(tmp_path))
    counts(world)
    rows = notify("log --json").json
    assert [keys.is_rehearsal(row["notification_key"]) for row in rows] == [True] * 3 + [False] * 3
    heading, *lines = [line.split("\t") for line in notify("log").out.splitlines()]
    assert [line[heading.index("rehearsal")] for line in lines] == ["true"] * 3 + ["false"] * 3
    shown = on_terminal("log", world.environment(), columns=120)
    assert shown.count("rehearsal") == 3


def test_explain_tells_a_rehearsal_from_the_real_thing(
    world: World, otters: int, notify: Command, tmp_path: Path
) -> None:
    counts(world, **outbox(tmp_path))

    def told(**environment: str) -> tuple[str, str]:
        [line] = [
            one
            for one in notify("explain --user 1 --json", **environment).json
            if one["rule"] == "meeting_reminder_24h"
        ]
        return line["verdict"], line["reason"]

    verdict, reason = told()
    assert verdict == "will_send"
    assert "; a rehearsal of it was on " in reason
    verdict, reason = told(**outbox(tmp_path))
    assert verdict == "sent"
    assert reason.startswith("email sent in a rehearsal on ")
    counts(world)
    assert told()[0] == "sent"


def test_on_a_terminal_a_sweep_says_that_it_is_a_rehearsal(world: World, otters: int, tmp_path: Path) -> None:
    shown = on_terminal("sweep-due", world.environment(NOTIFY_REDIRECT_EMAIL="carol@example.org"))
    assert "Note: NOTIFY_REDIRECT_EMAIL: all emails go to carol@example.org" in " ".join(shown.split())
    assert "3 due: 2 delivered, 1 stopped" in shown
    assert "Discord is stopped" in shown
    assert "Note:" not in on_terminal("sweep-due", world.environment())


def test_doctor_judges_real_sweeps_by_real_rows(world: World, otters: int, notify: Command, tmp_path: Path) -> None:
    counts(world, **outbox(tmp_path))
    found = {line["check"]: line for line in notify("doctor --json").json}
    assert found["sweeps"]["detail"].startswith("3 messages are due since ")
    assert found["sweeps"]["detail"].endswith("nothing has been sent so far")
    assert found["rehearsal"]["detail"] == "the log has 3 rows of rehearsals, which used nothing up"
    found = {line["check"]: line for line in notify("doctor --json", **outbox(tmp_path)).json}
    assert found["sweeps"]["detail"].startswith("nothing is overdue; the last delivery was on ")
