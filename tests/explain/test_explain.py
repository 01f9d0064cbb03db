"""`explain`: for every rule the right verdict, and its reason in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from notify_cli import db, due
from notify_cli.config import Settings
from notify_cli.due import Policy
from notify_cli.errors import UsageError
from notify_cli.explain import Entry, Explanation, explain
from notify_cli.manual import cancellation
from notify_cli.platform import schema
from tests.support.fakes.http import Reply
from tests.support.paths import DEMO_COURSE
from tests.support.postgres import Server, run_script
from tests.support.terminal import Command, on_terminal
from tests.support.world import World

COURSE = DEMO_COURSE
REMINDERS = ("meeting_reminder_24h", "meeting_reminder_1h")
NUDGES = ("lesson_nudge_3d", "lesson_nudge_1d")

NAMES = "alice bob carol dave erin frank grace heidi ivan judy kevin laura mike niaj olivia peggy quentin rupert"
SAMPLE = {name: number for number, name in enumerate([*NAMES.split(), "sybil", "trent", "ursula"], start=1)}
SAMPLE |= {"victor": 22, "wendy": 23}
# The meetings of the sample that are next: of the Otters, the Falcons, the Badgers, the Herons.
OTTERS, FALCONS, BADGERS, HERONS = 3, 12, 16, 24


@pytest.fixture(scope="module")
def sample(server: Server) -> Iterator[Callable[[str], Explanation]]:
    """Explains everyone in the sample course, as it is before anything was sent."""
    with server.database() as url, db.connect(url) as connection:
        run_script(connection, "sample.sql")
        schema.create(connection, catch_up=True)
        rules = Policy.of(Settings(courses=COURSE))
        yield cache(lambda name: explain(connection, rules, SAMPLE[name]))


def about(found: Explanation, rule: str, meeting: int | None = None) -> Entry:
    """The one entry of a rule and meeting."""
    [entry] = [entry for entry in found.entries if (entry.rule, entry.meeting_id) == (rule, meeting)]
    return entry


def why(world: World, user: int, rule: str, meeting: int | None = None, **environment: str) -> tuple[str, str]:
    """Verdict and reason, as the world is."""
    entry = about(explain(world.connection, Policy.of(world.settings(**environment)), user), rule, meeting)
    return entry.verdict, entry.reason


@pytest.mark.parametrize(
    ("name", "rule", "meeting", "verdict", "reason"),
    [
        ("alice", "meeting_reminder_24h", OTTERS, "will_send", "email: goes out with the next sweep, due since"),
        ("alice", "meeting_reminder_1h", OTTERS, "not_due_yet", "email: due on"),
        ("alice", "lesson_nudge_1d", OTTERS, "will_send", "(1 of 3 lessons done so far)"),
        ("alice", "lesson_nudge_3d", OTTERS, "expired", "email and Discord DM: too late: not sent by"),
        ("alice", "welcome", None, "expired", "too late"),
        ("bob", "lesson_nudge_1d", OTTERS, "lessons_done", "3 of 3 lessons done"),
        ("carol", "meeting_reminder_24h", OTTERS, "opted_out", "email: switched off by Carol"),
        ("carol", "lesson_nudge_1d", OTTERS, "will_send", "; email: switched off by Carol"),
        ("dave", "lesson_nudge_1d", OTTERS, "will_send", "; Discord DM: switched off by Dave"),
        ("erin", "meeting_reminder_24h", OTTERS, "not_a_member", "Erin left Otters on"),
        ("frank", "meeting_reminder_24h", OTTERS, "account_deleted", "the account was deleted"),
        ("frank", "trial_nudge", None, "account_deleted", "the account was deleted"),
        ("grace", "meeting_reminder_24h", OTTERS, "joined_too_late", "Grace joined on"),
        ("grace", "meeting_reminder_1h", OTTERS, "not_due_yet", "due on"),
        ("heidi", "group_assigned", None, "will_send", "Discord DM: Heidi has no Discord account"),
        ("ivan", "group_assigned", None, "will_send", "email: Ivan has no email address"),
        ("ivan", "meeting_reminder_24h", BADGERS, "no_address", "email: Ivan has no email address"),
        ("judy", "lesson_nudge_3d", BADGERS, "lessons_done", "1 of 2 lessons done: half is enough"),
        ("kevin", "welcome", None, "will_send", "email and Discord DM: goes out"),
        ("mike", "welcome", None, "expired", "too late"),
        ("mike", "trial_nudge", None, "not_applicable", "already in a course"),
        ("mike", "group_assigned", None, "not_applicable", "Mike is in no group"),
        ("niaj", "meeting_reminder_1h", FALCONS, "opted_out", "email: switched off by Niaj"),
        ("olivia", "trial_nudge", None, "will_send", "goes out with the next sweep"),
        ("olivia", "welcome", None, "not_applicable", "Olivia is not enrolled in any course"),
        ("peggy", "trial_nudge", None, "lessons_done", "the lesson is finished"),
        ("sybil", "group_assigned", None, "group_inactive", "Herons is not active, or its cohort is not"),
        ("sybil", "meeting_reminder_24h", HERONS, "group_inactive", "Herons is not active"),
        ("ursula", "group_assigned", None, "not_applicable", "the group has no Discord channel"),
        ("wendy", "welcome", None, "opted_out", "email and Discord DM: switched off by Wendy"),
        ("wendy", "calendar_cancel", None, "not_applicable", "holds no calendar invite"),
    ],
)
def test_it_names_the_reason_for_everyone_in_the_sample(
    sample: Callable[[str], Explanation], name: str, rule: str, meeting: int | None, verdict: str, reason: str
) -> None:
    entry = about(sample(name), rule, meeting)
    assert entry.verdict == verdict
    assert reason in entry.reason


@pytest.mark.parametrize("name", SAMPLE)
def test_it_has_a_verdict_for_every_rule_and_each_but_once(sample: Callable[[str], Explanation], name: str) -> None:
    found = sample(name).entries
    assert {entry.rule for entry in found} == set(due.rule_names())
    identities = [(entry.rule, entry.meeting_id, entry.group_id) for entry in found]
    assert len(set(identities)) == len(identities)


def test_it_says_when_a_message_was_sent_by_which_channel_and_how_late(world: World) -> None:
    alice = world.platform.person("alice", wants_dm=False)
    world.platform.enrolment(alice, at=world.now - timedelta(hours=2))
    world.sweep()
    verdict, reason = why(world, alice, "welcome")
    assert verdict == "sent"
    assert reason.startswith("email sent on ")
    assert "2 hours after it was due; Discord DM: switched off by alice" in reason


def test_it_says_that_the_channel_of_the_group_got_its_post(world: World) -> None:
    carol = world.platform.person("carol", wants_email=False)
    meeting = world.platform.meeting(world.platform.group("Otters", members=[carol]), world.now + timedelta(hours=23))
    assert "got its post" not in why(world, carol, "meeting_reminder_24h", meeting)[1]
    world.sweep()
    verdict, reason = why(world, carol, "meeting_reminder_24h", meeting)
    assert verdict == "opted_out"
    assert "; the channel of Otters got its post on " in reason


def test_it_gives_the_providers_words_for_a_failure_and_the_time_of_the_next_try(world: World) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    world.sendgrid.script([Reply(503)])
    world.discord.closed.add(str(100_000_000_000_000_001))
    world.sweep()
    verdict, reason = why(world, alice, "welcome")
    assert verdict == "retrying"
    assert reason.startswith("email: 1 attempt failed, tried again after ")
    assert "SendGrid answered 503" in reason
    assert "; Discord DM: failed: Discord answered 403 (code 50007): Cannot send messages to this user" in reason


def test_it_names_who_cancelled_nothing_more_than_the_way_back(world: World) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=50)
    cancellation.cancel(world.connection, f"meeting_{meeting}_reminder_*", Policy.of(world.settings()))
    verdict, reason = why(world, alice, "meeting_reminder_24h", meeting)
    assert verdict == "cancelled"
    assert reason.startswith("cancelled by staff on ")
    assert reason.endswith(f"to restore: notify cancel --undo meeting_{meeting}_reminder_24h")
    cancellation.undo(world.connection, f"meeting_{meeting}_*", Policy.of(world.settings()))
    assert why(world, alice, "meeting_reminder_24h", meeting)[0] == "not_due_yet"


def test_it_tells_of_the_reminder_for_the_time_that_a_meeting_once_had(world: World) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=23)
    world.sweep()
    world.platform.move(meeting, world.now + timedelta(days=3))
    verdict, reason = why(world, alice, "meeting_reminder_24h", meeting)
    assert verdict == "not_due_yet"
    assert "; the meeting was moved: for " in reason


def test_what_is_switched_off_is_switched_off_for_everybody(world: World) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    verdict, reason = why(world, alice, "welcome", NOTIFY_DISABLED="welcome")
    assert (verdict, reason) == ("disabled", "welcome is switched off for everybody (NOTIFY_DISABLED)")


def test_without_a_course_file_it_says_that_nudges_are_off(world: World) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=23)
    for rule in NUDGES:
        verdict, reason = why(world, alice, rule, meeting)
        assert (verdict, reason) == ("not_applicable", "no course file is set (NOTIFY_COURSES), so nudges are off")


def test_a_course_that_no_file_is_for_is_named(world: World, tmp_path: Path) -> None:
    for slug in ("cooking", "sailing"):
        (tmp_path / f"{slug}.yaml").write_text(f"slug: {slug}\nprogression: []\n", encoding="utf-8")
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=23)
    told = why(world, alice, "lesson_nudge_1d", meeting, NOTIFY_COURSES=str(tmp_path))
    assert told == ("not_applicable", "no course file is for 'AI Safety'")


def test_a_meeting_of_another_group_is_not_theirs(world: World) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group("Falcons"), hours=23)
    found = explain(world.connection, Policy.of(world.settings()), alice, meeting_id=meeting).entries
    assert {entry.rule for entry in found} == {*REMINDERS, *NUDGES}
    assert {(entry.meeting_id, entry.verdict) for entry in found} == {(meeting, "not_a_member")}
    assert found[0].reason == "alice has never been in Falcons"


def test_an_old_meeting_is_looked_at_when_it_is_asked_for(world: World) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=-24 * 45)
    rules = Policy.of(world.settings())
    assert meeting not in {entry.meeting_id for entry in explain(world.connection, rules, alice).entries}
    [late, _] = [
        entry
        for entry in explain(world.connection, rules, alice, meeting_id=meeting).entries
        if entry.rule in REMINDERS
    ]
    assert late.verdict == "expired"


def test_a_meeting_that_was_deleted_is_told_from_the_log(world: World) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=23)
    world.sweep()
    world.platform.delete("meetings", meeting_id=meeting)
    found = explain(world.connection, Policy.of(world.settings()), alice, meeting_id=meeting)
    assert about(found, "meeting_reminder_24h", meeting).verdict == "sent"
    gone = about(found, "meeting_reminder_1h", meeting)
    assert gone.verdict == "not_applicable"
    assert gone.reason == f"meeting {meeting} is not in the table any more"


def test_a_stored_message_has_a_verdict_of_its_own(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    send = ["send", "announcement", "--user", alice, "--set", "subject=News", "--set", "text=None"]
    assert notify(*send, "--at", "in 2 days").code == 0
    verdict, reason = why(world, alice, "announcement")
    assert verdict == "not_due_yet"
    assert reason.startswith("email and Discord DM: due on ")


def test_a_message_sent_by_hand_that_came_back_is_told_as_that(world: World, notify: Command) -> None:
    alice = world.platform.person("alice", discord_id=None)
    assert notify("send", "announcement", "--user", alice, "--set", "subject=News", "--set", "text=None").code == 0
    world.connection.execute("update reminders_log set delivery_status = 'bounced', delivery_error = 'mailbox full'")
    verdict, reason = why(world, alice, "announcement")
    assert verdict == "bounced"
    assert reason.endswith("and came back: mailbox full")


def test_a_calendar_that_is_true_needs_no_update_and_a_cancelled_one_is_told_of(world: World) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters")
    world.platform.member(otters, alice, joined_at=world.now)
    world.meeting_in(otters, hours=50)
    world.sweep()
    assert why(world, alice, "calendar_update") == ("sent", "the calendar shows the meetings as they are")
    world.platform.leave(otters, alice)
    assert why(world, alice, "calendar_cancel")[0] == "will_send"
    world.sweep()
    verdict, reason = why(world, alice, "calendar_cancel")
    assert verdict == "sent"
    assert reason.startswith("email sent on ")


def test_somebody_of_whom_there_is_no_trace_is_a_usage_error(world: World) -> None:
    with pytest.raises(UsageError, match="there is no user 999"):
        explain(world.connection, Policy.of(world.settings()), 999)
    alice = world.platform.person("alice")
    with pytest.raises(UsageError, match="there is no meeting 77"):
        explain(world.connection, Policy.of(world.settings()), alice, meeting_id=77)


def test_a_deleted_account_is_told_from_one_that_never_was(world: World) -> None:
    frank = world.platform.person("frank", deleted_at=world.now)
    world.platform.group(members=[frank])
    found = explain(world.connection, Policy.of(world.settings()), frank).entries
    assert {entry.verdict for entry in found} == {"account_deleted"}
    assert {entry.rule for entry in found} == set(due.rule_names())


def test_json_has_the_promised_shape(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=30)
    result = notify(f"explain --user {alice} --meeting {meeting} --json")
    assert result.code == 0
    assert {tuple(entry) for entry in result.json} == {("rule", "meeting_id", "verdict", "reason", "due_at")}
    [reminder] = [entry for entry in result.json if entry["rule"] == "meeting_reminder_24h"]
    assert reminder["meeting_id"] == meeting
    assert reminder["due_at"] == f"{world.now + timedelta(hours=6):%Y-%m-%dT%H:%M:%SZ}"


def test_it_needs_nothing_but_the_database(world: World, notify: Command) -> None:
    notify.environment = {"DATABASE_URL": world.url}
    alice = world.platform.person("alice")
    for command in (f"explain --user {alice}", "upcoming", "log"):
        assert notify(command).code == 0


def test_in_a_pipe_a_line_is_a_verdict(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    heading, *lines = notify(f"explain --user {alice}").out.splitlines()
    assert heading.split("\t") == ["rule", "meeting_id", "verdict", "due_at", "reason"]
    assert {line.split("\t")[0] for line in lines} == set(due.rule_names())
    assert all(line.count("\t") == 4 for line in lines)


def test_on_a_terminal_meetings_that_are_alike_stand_together(world: World) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    first, second, third = (world.meeting_in(otters, hours=hours) for hours in (23, 200, 400))
    world.sweep()
    shown = on_terminal(f"explain --user {alice}", {"DATABASE_URL": world.url})
    assert max(map(len, shown.splitlines())) <= 80
    assert f"\nMeeting {first} of Otters on " in shown
    assert f"\nMeetings {second} and {third} of Otters, " in shown
    assert "meeting_reminder_24h  sent " in shown
    assert "meeting_reminder_24h  not due yet " in shown


def test_email_switched_off_is_why_a_calendar_is_out_of_date(world: World) -> None:
    alice = world.platform.person("alice", discord_id=None)
    otters = world.platform.group("Otters")
    world.platform.member(otters, alice, joined_at=world.now)
    meeting = world.meeting_in(otters, hours=200)
    world.sweep()
    world.platform.update("users", {"user_id": alice}, email_notifications_enabled=False)
    world.platform.move(meeting, world.now + timedelta(hours=210))

    assert why(world, alice, "calendar_update")[0] == "opted_out"
