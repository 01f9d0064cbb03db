"""`notify send`: one message by hand, once, to whom it may go."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from notify_cli import db, due, keys, manual, registry
from notify_cli.due import Policy, Window
from notify_cli.manual import plan
from notify_cli.manual.order import Order
from tests.support.fakes.http import Reply
from tests.support.lives import mail_of, sequences
from tests.support.paths import MESSAGES
from tests.support.platform import Platform
from tests.support.shell import Shell
from tests.support.terminal import Result
from tests.support.world import World

HELLO = ("--set", "subject=Hello", "--set", "text=How are you?")
# The job id of that announcement, by what it says.
NEWS = keys.by_hand("announcement", {"subject": "Hello", "text": "How are you?"})


def statuses(ran: Result) -> dict[str, str]:
    """{notification key: status} of what `send --json` printed."""
    assert ran.code == 0, ran.err
    return {row["notification_key"]: row["status"] for row in ran.json}


def rows(world: World) -> int:
    return len(world.log())


def test_it_sends_by_email_and_dm_and_says_so(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id="101")

    ran = shell("send", "announcement", "--user", alice, *HELLO, "--json")

    assert ran.code == 0
    assert ran.json == [
        {
            "notification_key": f"{NEWS}/-/email/user_{alice}",
            "method": "email",
            "status": "delivered",
            "error": None,
        },
        {
            "notification_key": f"{NEWS}/-/discord_dm/user_{alice}",
            "method": "discord_dm",
            "status": "delivered",
            "error": None,
        },
    ]
    [mail] = world.sendgrid.mails
    assert mail["subject"] == "Hello"
    [message] = world.discord.messages
    assert (message["recipient_id"], message["content"]) == ("101", "**Hello**\nHow are you?")
    for row in world.log():
        assert (row["status"], row["user_id"], row["attempts"]) == ("delivered", alice, 1)
        assert row["sent_at"] is not None


def test_nobody_who_opted_out_gets_it_now_or_by_surprise_later(world: World, shell: Shell) -> None:
    carol = world.platform.person("carol", wants_email=False)
    heidi = world.platform.person("heidi", discord_id=None)

    ran = shell("send", "announcement", "--user", carol, "--user", heidi, *HELLO, "--json")

    assert statuses(ran) == {
        f"{NEWS}/-/email/user_{carol}": "opted_out",
        f"{NEWS}/-/discord_dm/user_{carol}": "delivered",
        f"{NEWS}/-/email/user_{heidi}": "delivered",
        f"{NEWS}/-/discord_dm/user_{heidi}": "no_address",
    }
    assert rows(world) == 2
    world.platform.update("users", {"user_id": carol}, email_notifications_enabled=True)
    world.platform.update("users", {"user_id": heidi}, discord_id="102")
    assert world.sweep().due == 0


def test_the_same_key_goes_out_once_unless_forced(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id=None)
    command = ("send", "announcement", "--user", alice, "--channel", "email", *HELLO, "--json")
    shell(*command)

    assert list(statuses(shell(*command)).values()) == ["duplicate"]
    assert len(world.inboxes()) == 1
    assert list(statuses(shell(*command, "--force")).values()) == ["delivered"]
    assert list(statuses(shell(*command, "--force")).values()) == ["delivered"]
    assert list(statuses(shell(*command, "--job-id", "spring-news")).values()) == ["delivered"]
    assert len(world.inboxes()) == 4


def test_a_manual_welcome_and_a_derived_one_never_both_go_out(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    shell("send", "welcome", "--user", alice)

    assert world.sweep().due == 0

    world.platform.enrolment(bob, at=world.now - timedelta(hours=1))
    assert world.sweep().delivered == 2
    assert set(statuses(shell("send", "welcome", "--user", bob, "--json")).values()) == {"duplicate"}
    assert len(world.inboxes()) == 2


def test_a_group_gets_it_and_so_does_its_channel(world: World, shell: Shell) -> None:
    alice, bob, erin, frank = world.platform.people("alice", "bob", "erin", "frank")
    otters = world.platform.group("Otters", members=[alice, bob, erin, frank], channel="900")
    world.platform.leave(otters, erin)
    world.platform.update("users", {"user_id": frank}, deleted_at=world.now)
    meeting = world.meeting_in(otters, hours=50)

    found = statuses(shell("send", "meeting_reminder_24h", "--group", otters, "--json"))

    starts = f"{world.now + timedelta(hours=50):%Y%m%dT%H%M%SZ}"
    assert found == {
        f"meeting_{meeting}_reminder_24h/{starts}/discord_channel/group_{otters}": "delivered",
        f"meeting_{meeting}_reminder_24h/{starts}/email/user_{alice}": "delivered",
        f"meeting_{meeting}_reminder_24h/{starts}/email/user_{bob}": "delivered",
    }
    [post] = world.discord.messages
    assert post["channel_id"] == "900"
    assert "Otters" in world.sendgrid.mails[0]["subject"]


def test_channel_limits_it(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")

    found = statuses(shell("send", "welcome", "--user", alice, "--channel", "discord", "--json"))

    assert list(found) == [f"user_{alice}_welcome/-/discord_dm/user_{alice}"]
    assert not world.sendgrid.mails


def test_a_message_of_ones_own_knows_the_group_and_meeting_of_its_reader(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    own = "room:\n  variables: [room]\n  email_subject: '{group_name}: {room}'\n  email_body: '{meeting_time} {room}'\n"
    (tmp_path / "messages.yaml").write_text(MESSAGES.read_text() + own)
    alice = world.platform.person("alice", timezone="Europe/Berlin")
    badgers = world.platform.group("Badgers", members=[alice])
    otters = world.platform.group("Otters", members=[alice])
    world.meeting_in(badgers, hours=60)
    world.meeting_in(otters, hours=30)

    ran = shell(
        "send", "room", "--user", alice, "--set", "room=B12", "--json", NOTIFY_MESSAGES=str(tmp_path / "messages.yaml")
    )

    assert set(statuses(ran).values()) == {"delivered"}
    assert world.sendgrid.mails[0]["subject"] == "Otters: B12"


def test_more_than_20_people_must_be_confirmed(world: World, shell: Shell) -> None:
    cohort = world.platform.cohort()
    people = world.platform.people(*(f"learner{n}" for n in range(21)))
    for person in people:
        world.platform.enrolment(person, cohort=cohort)
    command = ("send", "announcement", "--cohort", cohort, "--channel", "email", *HELLO)

    refused = shell(*command)

    assert refused.code == 2
    assert "21 people" in refused.err
    assert "--yes" in refused.err
    assert rows(world) == 0
    assert shell(*command, "--dry-run").code == 0
    assert shell(*command, "--yes").code == 0
    assert len(set(world.inboxes())) == 21


def test_every_missing_variable_is_named_before_anything_is_sent_or_stored(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    own = "room:\n  variables: [room, floor]\n  email_subject: '{room}'\n  email_body: '{floor} {group_name}'\n"
    (tmp_path / "messages.yaml").write_text(MESSAGES.read_text() + own)
    alice, bob = world.platform.people("alice", "bob")
    world.platform.group("Otters", members=[bob])

    for more in ((), ("--at", "in 2 hours")):
        ran = shell(
            "send", "room", "--user", alice, "--user", bob, *more, NOTIFY_MESSAGES=str(tmp_path / "messages.yaml")
        )

        assert ran.code == 2
        first, second, third = ran.err.splitlines()
        assert "{room}" in first
        assert "{floor}" in second
        assert "{group_name}" in third
        assert f"user_{alice}" in third
        assert f"user_{bob}" not in third
    assert rows(world) == 0
    assert not world.sendgrid.mails


def test_a_discord_text_that_is_too_long_keeps_the_email_back_too(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")

    ran = shell("send", "announcement", "--user", alice, "--set", "subject=Hi", "--set", f"text={'x' * 2001}")

    assert ran.code == 2
    assert "Discord allows 2000" in ran.err
    assert not world.sendgrid.mails


def test_a_dry_run_shows_who_would_get_what_and_writes_nothing(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", wants_dm=False)

    found = statuses(shell("send", "welcome", "--user", alice, "--dry-run", "--json"))

    assert found == {
        f"user_{alice}_welcome/-/email/user_{alice}": "will_send",
        f"user_{alice}_welcome/-/discord_dm/user_{alice}": "opted_out",
    }
    assert rows(world) == 0
    assert not world.sendgrid.mails


def test_a_stored_message_goes_out_once_when_its_time_has_come(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id=None)
    ran = shell("send", "announcement", "--user", alice, "--channel", "email", *HELLO, "--at", "in 2 hours", "--json")
    assert list(statuses(ran).values()) == ["scheduled"]
    [row] = world.log()
    assert (row["status"], row["sent_at"]) == ("pending", None)
    assert row["due_at"] - world.now >= timedelta(hours=2)

    assert world.sweep().due == 0
    assert world.sweep(now=world.now + timedelta(hours=2, minutes=5)).delivered == 1
    assert world.sweep(now=world.now + timedelta(hours=2, minutes=6)).due == 0
    assert world.sendgrid.mails[0]["subject"] == "Hello"
    again = shell("send", "announcement", "--user", alice, "--channel", "email", *HELLO, "--at", "in 2 hours", "--json")
    assert list(statuses(again).values()) == ["duplicate"]


def test_a_stored_message_is_of_no_use_after_24_hours(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id=None)
    shell("send", "announcement", "--user", alice, "--channel", "email", *HELLO, "--at", "in 2 hours")

    assert world.sweep(now=world.now + timedelta(hours=26, minutes=5)).due == 0
    assert list(world.statuses().values()) == ["expired"]


def test_storing_again_replaces_time_and_content(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    command = ("send", "announcement", "--user", alice, "--job-id", "news", "--channel", "email", "--set", "text=x")
    shell(*command, "--set", "subject=First", "--at", "in 2 hours")

    shell(*command, "--set", "subject=Second", "--at", "in 5 hours", "--replace")

    assert rows(world) == 1
    assert world.sweep(now=world.now + timedelta(hours=3)).due == 0
    assert world.sweep(now=world.now + timedelta(hours=6)).delivered == 1
    assert world.sendgrid.mails[0]["subject"] == "Second"


def test_the_time_is_said_in_full_in_the_operators_zone(
    world: World, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.platform.person("alice")
    at = (world.now + timedelta(days=200)).replace(hour=12, minute=0)

    ran = shell("send", "welcome", "--user", alice, "--at", f"{at:%Y-%m-%dT%H:%MZ}", TZ="UTC")

    assert f"{at.day} {at:%B %Y}, 12:00 UTC ({at:%Y-%m-%dT12:00Z})" in ran.err


def test_a_stored_message_stands_in_for_the_one_that_its_rule_would_send_now(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))

    shell("send", "welcome", "--user", alice, "--at", "in 2 hours")

    assert world.sweep().due == 0
    assert world.sweep(now=world.now + timedelta(hours=3)).delivered == 2
    assert len(world.inboxes()) == 1


def test_a_stored_reminder_of_a_meeting_that_was_moved_gives_way_to_the_derived_one(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    meeting = world.meeting_in(otters, hours=30)
    shell("send", "meeting_reminder_1h", "--user", alice, "--meeting", meeting, "--at", "in 2 hours")

    world.platform.move(meeting, world.now + timedelta(hours=50))

    assert world.sweep(now=world.now + timedelta(hours=3)).due == 0
    assert world.sweep(now=world.now + timedelta(hours=49, minutes=5)).by_method["email"] == 1


def test_a_forced_reminder_waits_for_its_meeting_like_any_other(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group("Otters", members=[alice]), hours=30)
    command = ("send", "meeting_reminder_1h", "--user", alice, "--meeting", meeting, "--force")

    shell(*command, "--at", "in 2 hours")
    shell(*command, "--at", "in 2 hours")

    assert world.sweep(now=world.now + timedelta(hours=3)).delivered == 2


def test_who_leaves_the_group_before_the_time_has_come_gets_nothing(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    otters = world.platform.group("Otters", members=[alice, bob])
    shell("send", "announcement", "--group", otters, "--channel", "email", *HELLO, "--at", "in 2 hours")

    world.platform.leave(otters, bob)

    assert world.sweep(now=world.now + timedelta(hours=3)).delivered == 1
    assert world.inboxes() == ["alice@example.org"]


def test_what_failed_can_be_sent_again(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id="101")
    world.discord.closed.add("101")
    command = ("send", "welcome", "--user", alice, "--channel", "discord", "--json")
    failed = shell(*command)
    assert failed.code == 0
    assert failed.json[0]["status"] == "failed"
    assert "50007" in failed.json[0]["error"]

    world.discord.closed.clear()

    assert list(statuses(shell(*command)).values()) == ["delivered"]
    assert rows(world) == 1


def test_what_fails_for_the_moment_is_left_to_the_sweeps(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    world.sendgrid.script([Reply(500, "out of order")])

    ran = shell("send", "welcome", "--user", alice, "--json")

    assert {row["method"]: row["status"] for row in ran.json} == {"email": "retrying", "discord_dm": "delivered"}
    world.forget_waiting()
    assert world.sweep().delivered == 1


def test_a_run_that_is_told_to_stop_leaves_the_rest_to_the_sweeps(world: World) -> None:
    alice = world.platform.person("alice")
    settings = world.settings()
    order = Order("welcome", user_ids=(alice,))
    planned = plan.make(world.connection, settings, Policy.of(settings), order)
    stop = threading.Event()
    stop.set()

    results, _ = manual.send(partial(db.connect, world.url), settings, Policy.of(settings), planned, stop=stop)

    assert {(result.status, result.error) for result in results} == {
        ("retrying", "not tried yet: the next sweep sends it")
    }
    assert world.sweep().delivered == 2


def test_a_refused_account_ends_with_69_and_loses_nothing(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")

    ran = shell("send", "welcome", "--user", alice, "--json", SENDGRID_API_KEY="SG.revoked")

    assert ran.code == 69
    assert {row["method"]: row["status"] for row in ran.json} == {"email": "retrying", "discord_dm": "delivered"}
    assert "SG.revoked" not in ran.err + ran.out
    assert world.sweep().delivered == 1


def test_sweeps_at_the_same_time_send_nothing_twice(world: World, shell: Shell) -> None:
    people = world.platform.people(*(f"learner{n}" for n in range(30)))
    otters = world.platform.group("Otters", members=people)
    world.sendgrid.latency = 0.02
    over = threading.Event()

    def keep_sweeping() -> None:
        while not over.is_set():
            world.sweep()

    sweeper = threading.Thread(target=keep_sweeping)
    sweeper.start()
    ran = shell("send", "announcement", "--group", otters, *HELLO, "--yes", "--json", NOTIFY_EMAIL_CONCURRENCY="4")
    over.set()
    sweeper.join()

    assert set(statuses(ran).values()) == {"delivered"}
    assert len(world.inboxes()) == len(set(world.inboxes())) == 30
    assert len(world.discord.messages) == 30


def test_it_uses_the_job_and_occurrence_of_the_rule(platform: Platform, world: World) -> None:
    """For each rule somebody who is due by it: what a person asks for by hand has the same keys."""
    alice, bob, carol = platform.people("alice", "bob", "carol")
    platform.now = world.now
    platform.enrolment(alice, at=world.now)
    otters = platform.group("Otters")
    platform.member(otters, bob, joined_at=world.now - timedelta(minutes=5, microseconds=500_000))
    meetings = [world.meeting_in(otters, hours=hours) for hours in (1, 24, 72)]
    platform.session(carol, "intro", started_at=world.now - timedelta(hours=25))
    settings = world.settings()
    window = Window(now=world.now, within=timedelta(days=5))
    found = due.find(world.connection, window, Policy(), verdicts=None)

    for rule in {one.name for one in registry.TYPES.values() if not one.sweep_only}:
        by_rule = [c.delivery for c in found if c.delivery.reminder_type == rule]
        assert by_rule, rule
        for delivery in by_rule:
            order = Order(
                rule,
                {"lessons_remaining": "2"},
                user_ids=() if delivery.user_id is None else (delivery.user_id,),
                group_ids=(delivery.group_id,) if delivery.user_id is None and delivery.group_id else (),
                meeting_id=delivery.meeting_id,
            )
            made = plan.make(world.connection, settings, Policy.of(settings), order, now=world.now)
            assert delivery.notification_key in {entry.delivery.notification_key for entry in made.entries}
    assert {c.delivery.meeting_id for c in found} >= set(meetings)


WRONG: list[tuple[list[str], str]] = [
    (["welcom", "--user", "{alice}"], "did you mean welcome?"),
    (["welcome"], "--user, --group or --cohort"),
    (["welcome", "--user", "abc"], "--user"),
    (["welcome", "--user", "99999999999999999999"], "--user"),
    (["welcome", "--user", "4711"], "no user 4711"),
    (["welcome", "--group", "4711"], "no group 4711"),
    (["welcome", "--group", "{ended}"], "is not active"),
    (["welcome", "--cohort", "4711"], "no cohort 4711"),
    (["welcome", "--user", "{alice}", "--cohort", "1"], "--cohort stands alone"),
    (["announcement", "--user", "{alice}", "--group", "{otters}", *HELLO], "not in group"),
    (["meeting_reminder_1h", "--group", "{otters}", "--meeting", "4711"], "no meeting 4711"),
    (["meeting_reminder_1h", "--group", "{otters}"], "no meeting to come"),
    (["meeting_reminder_1h", "--user", "{alice}"], "in no active group"),
    (["meeting_reminder_1h", "--user", "{alice}", "--channel", "discord"], "name the group"),
    (["group_assigned", "--user", "{alice}"], "in no active group"),
    (["trial_nudge", "--user", "{alice}"], "no unfinished lesson"),
    (["calendar_update", "--user", "{alice}"], "cannot be sent by hand"),
    (["announcement", "--user", "{alice}", "--set", "subject"], "NAME=TEXT"),
    (["announcement", "--user", "{alice}", "--set", "subject="], "empty"),
    (["announcement", "--user", "{alice}", "--set", "subjct=x"], "did you mean subject?"),
    (["announcement", "--user", "{alice}", "--set", "text=x", "--set", "text=y"], "twice"),
    (["welcome", "--user", "{alice}", "--channel", "sms"], "'email', 'discord'"),
    (["welcome", "--user", "{alice}", "--at", "soon"], "is not a time"),
    (["welcome", "--user", "{alice}", "--at", "2020-01-01T10:00"], "is past"),
    (["welcome", "--user", "{alice}", "--at", "9999-12-31T23:59Z"], "too far ahead"),
    (["welcome", "--user", "{alice}", "--job-id", "a/b"], "cannot be a job id"),
]


def test_wrong_input_is_one_line_that_helps(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=world.platform.people("bob"))
    ended = world.platform.group("Herons", status="cancelled")

    for arguments, says in WRONG:
        ran = shell("send", *(argument.format(alice=alice, otters=otters, ended=ended) for argument in arguments))

        assert (ran.code, ran.out) == (2, ""), arguments
        [line] = ran.err.splitlines()
        assert says in line
    assert rows(world) == 0


def test_a_type_that_is_switched_off_is_not_sent(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")

    ran = shell("send", "welcome", "--user", alice, NOTIFY_DISABLED="welcome")

    assert ran.code == 2
    assert "NOTIFY_DISABLED" in ran.err
    assert not world.sendgrid.mails


def test_sending_needs_all_settings_and_storing_only_the_database(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    none = dict.fromkeys(("SENDGRID_API_KEY", "DISCORD_BOT_TOKEN", "FROM_EMAIL", "FRONTEND_URL"), "")

    assert shell("send", "welcome", "--user", alice, **none).code == 78
    assert shell("send", "welcome", "--user", alice, "--at", "tomorrow 9:00", **none).code == 0


def test_who_was_there_before_the_installation_is_invited_by_hand_and_then_kept_up_to_date(
    world: World, shell: Shell
) -> None:
    alice = world.platform.person("alice", discord_id=None)
    otters = world.platform.group(members=[alice])
    meetings = [world.platform.meeting(otters, world.now + timedelta(days=3, weeks=week)) for week in range(12)]
    world.connection.execute("update notify.installation set installed_at = now()")
    shell("sweep-due", NOTIFY_SETTLE_MINUTES="0")
    assert world.sendgrid.requests == []
    assert f"notify send group_assigned --user {alice}" in shell("explain", "--user", alice, "--json").out

    shell("send", "group_assigned", "--user", alice)
    world.platform.move(meetings[3], world.now + timedelta(days=30))
    shell("sweep-due", NOTIFY_SETTLE_MINUTES="0")
    shell("sweep-due", NOTIFY_SETTLE_MINUTES="0")

    mails = [mail_of(request) for request in world.sendgrid.requests]
    assert sequences(mails) == [("REQUEST", 0), ("REQUEST", 1)]
    rows = {row[0] for row in world.connection.execute("select scheduled_time_utc from meetings")}
    assert mails[1].starts == rows != mails[0].starts
