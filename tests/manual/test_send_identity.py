"""`notify send`: what counts as the same message, what a second one does to the first, and what is said beforehand."""

from __future__ import annotations

import base64
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notify_cli import keys
from tests.support.fakes.http import Reply
from tests.support.shell import Shell
from tests.support.terminal import Result, on_terminal
from tests.support.world import World

NEWS = ("send", "announcement")


def saying(subject: str) -> tuple[str, ...]:
    return ("--set", f"subject={subject}", "--set", f"text=About {subject}")


def statuses(ran: Result) -> Counter[str]:
    """How many deliveries have which status, of what `send --json` printed."""
    assert ran.code == 0, ran.err
    return Counter(row["status"] for row in ran.json)


def tomorrow(hour: int = 9) -> str:
    return f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}T{hour:02}:00Z"


def subjects(world: World) -> list[str]:
    return [mail["subject"] for mail in world.sendgrid.mails]


def test_two_announcements_that_are_stored_both_go_out(world: World, shell: Shell) -> None:
    bob = world.platform.person("bob")
    shell(*NEWS, "--user", bob, *saying("No meetings"), "--at", tomorrow(9))
    shell(*NEWS, "--user", bob, *saying("Survey"), "--at", tomorrow(10))

    assert len(world.log()) == 4
    world.sweep(now=datetime.fromisoformat(tomorrow(11)))
    assert sorted(subjects(world)) == ["No meetings", "Survey"]


def test_another_text_is_another_message_and_the_same_one_is_a_duplicate(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    for text in ("Hello", "Another one"):
        assert statuses(shell(*NEWS, "--user", alice, *saying(text), "--json")) == {"delivered": 2}

    assert statuses(shell(*NEWS, "--user", alice, *saying("Another one"), "--json")) == {"duplicate": 2}
    assert subjects(world) == ["Hello", "Another one"]


def test_the_job_id_is_made_of_what_is_given_in_whatever_order(shell: Shell, world: World) -> None:
    alice = world.platform.person("alice")
    given = ("--set", "text=T", "--set", "subject=S")
    found = shell(*NEWS, "--user", alice, *given, "--dry-run", "--json").json

    job_id = keys.split(found[0]["notification_key"]).job_id
    assert job_id == keys.by_hand("announcement", {"subject": "S", "text": "T"})
    assert len(job_id) == len("send_announcement_") + 8


def test_the_same_text_about_another_meeting_is_another_message(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    for meeting in (world.meeting_in(otters, hours=30), world.meeting_in(otters, hours=60)):
        ran = shell(*NEWS, "--user", alice, "--meeting", meeting, *saying("Room B12"), "--json")
        assert statuses(ran) == {"delivered": 2}


def test_other_content_under_an_id_that_waits_is_refused_with_what_waits(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    shell(*NEWS, "--user", alice, "--job-id", "news", *saying("First"), "--at", tomorrow())

    for more in ((), ("--at", tomorrow()), ("--at", tomorrow(), "--dry-run")):
        ran = shell(*NEWS, "--user", alice, "--job-id", "news", *saying("Second"), *more)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("notify: news waits already with another content, for 1 recipient on ")
        assert f"({tomorrow()})" in ran.err
        assert "--replace" in ran.err
    other_type = shell("send", "welcome", "--user", alice, "--job-id", "news", "--at", tomorrow())
    assert "news waits already as announcement" in other_type.err
    other_time = shell(*NEWS, "--user", alice, "--job-id", "news", *saying("First"), "--at", tomorrow(10))
    assert "news waits already for another time" in other_time.err
    assert {given["subject"] for given in _given(world)} == {"First"}


def test_a_stored_text_that_is_sent_again_for_another_time_is_not_moved_without_a_word(
    world: World, shell: Shell
) -> None:
    alice = world.platform.person("alice")
    shell(*NEWS, "--user", alice, *saying("First"), "--at", tomorrow(9))

    moved = shell(*NEWS, "--user", alice, *saying("First"), "--at", tomorrow(12))

    assert moved.code == 2
    assert "waits already for another time" in moved.err
    assert shell(*NEWS, "--user", alice, *saying("First"), "--at", tomorrow(12), "--replace").code == 0
    assert {row["due_at"] for row in world.log()} == {datetime.fromisoformat(tomorrow(12))}


def test_replace_puts_it_in_the_place_of_what_waits_and_says_so(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    shell(*NEWS, "--user", alice, "--user", bob, "--job-id", "news", *saying("First"), "--at", tomorrow())

    ran = shell(*NEWS, "--user", alice, "--job-id", "news", *saying("Second"), "--at", tomorrow(), "--replace")

    assert ran.code == 0
    assert "Replaces 2 messages that waited" in ran.err
    assert "2 messages of the former content wait on" in ran.err
    world.sweep(now=datetime.fromisoformat(tomorrow(10)))
    assert sorted(zip(world.inboxes(), subjects(world), strict=True)) == [
        ("alice@example.org", "Second"),
        ("bob@example.org", "First"),
    ]


def test_the_same_content_under_the_same_id_is_no_fault_and_new_recipients_are_added(
    world: World, shell: Shell
) -> None:
    alice, bob = world.platform.people("alice", "bob")
    command = (*NEWS, "--job-id", "news", *saying("First"), "--json")
    assert statuses(shell(*command, "--user", alice, "--at", tomorrow())) == {"scheduled": 2}
    assert statuses(shell(*command, "--user", alice, "--user", bob, "--at", tomorrow())) == {"scheduled": 4}
    world.sweep(now=datetime.fromisoformat(tomorrow(10)))

    carol = world.platform.person("carol")
    assert statuses(shell(*command, "--user", bob, "--user", carol)) == {"duplicate": 2, "delivered": 2}


def test_other_content_under_an_id_that_was_sent_is_refused_and_never_replaced(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    shell(*NEWS, "--user", alice, "--job-id", "news", *saying("First"))

    ran = shell(*NEWS, "--user", alice, "--job-id", "news", *saying("Second"))

    assert ran.code == 2
    assert "news was sent already with another content, to 1 recipient" in ran.err
    again = shell(*NEWS, "--user", alice, "--job-id", "news", *saying("Second"), "--replace", "--json")
    assert statuses(again) == {"duplicate": 2}
    assert subjects(world) == ["First"]


def test_what_waits_for_its_retry_is_tried_again_by_the_same_command(world: World, shell: Shell) -> None:
    bob = world.platform.person("bob", discord_id=None)
    world.sendgrid.script([Reply(503)])
    command = (*NEWS, "--user", bob, "--channel", "email", *saying("Hello"), "--json")

    first = shell(*command)

    assert first.code == 69
    assert first.json[0]["status"] == "retrying"
    assert first.err == "notify: no email could be delivered: SendGrid answered 503\n"
    world.forget_waiting()
    assert statuses(shell(*command)) == {"delivered": 1}


@pytest.mark.parametrize("job_id", ["trial_99999999999_nudge", "trial_9223372036854775808_nudge", "user_1_welcome_2"])
def test_a_job_id_that_only_looks_like_a_rules_is_as_good_as_any(world: World, shell: Shell, job_id: str) -> None:
    bob = world.platform.person("bob")

    assert statuses(shell(*NEWS, "--user", bob, "--job-id", job_id, *saying("Hello"), "--json")) == {"delivered": 2}


def test_one_provider_that_is_down_is_not_told_as_everything(world: World, shell: Shell) -> None:
    bob = world.platform.person("bob")
    world.sendgrid.script([Reply(503)])

    ran = shell(*NEWS, "--user", bob, "--job-id", "z", *saying("Hello"), "--json")

    assert ran.code == 69
    assert Counter(row["status"] for row in ran.json) == {"retrying": 1, "delivered": 1}
    assert ran.err == "notify: no email could be delivered: SendGrid answered 503\n"


@pytest.fixture
def cohort(world: World) -> int:
    """Three people in it get emails and DMs, one has switched emails off, one has no Discord account."""
    cohort = world.platform.cohort("Winter")
    platform = world.platform
    people = [*platform.people("alice", "bob", "erin"), platform.person("carol", wants_email=False)]
    for person in (*people, platform.person("heidi", discord_id=None)):
        platform.enrolment(person, cohort=cohort)
    return cohort


def test_a_dry_run_counts_by_the_rules_of_the_deed(world: World, shell: Shell, cohort: int) -> None:
    command = (*NEWS, "--cohort", cohort, "--job-id", "d1", *saying("Hello"), "--at", tomorrow(), "--json")

    foreseen = statuses(shell(*command, "--dry-run"))

    assert foreseen == {"will_send": 8, "opted_out": 1, "no_address": 1}
    assert statuses(shell(*command)) == {"scheduled": 8, "opted_out": 1, "no_address": 1}
    assert len(shell("upcoming", "--within", "3d", "--json").json) == 8


def test_who_changes_their_mind_before_its_time_gets_what_was_stored(world: World, shell: Shell, cohort: int) -> None:
    shell(*NEWS, "--cohort", cohort, *saying("Hello"), "--at", tomorrow())

    world.platform.update("users", {"nickname": "carol"}, email_notifications_enabled=True)

    assert world.sweep(now=datetime.fromisoformat(tomorrow(10))).by_method["email"] == 5


def test_on_a_terminal_a_dry_run_says_what_when_to_how_many_and_who_not(world: World, cohort: int) -> None:
    environment = world.environment() | {"TZ": "UTC"}
    command = f"send announcement --cohort {cohort} --set subject=Hi --set text=Yes --at {tomorrow()} --dry-run"

    shown = on_terminal(command, environment, columns=100)

    day = datetime.fromisoformat(tomorrow())
    assert "Subject: Hi\n" in shown
    assert "    Yes\n" in shown
    assert f"When:    {day:%A} {day.day} {day:%B %Y}, 09:00 UTC (your zone), {tomorrow()}\n" in shown
    assert "To:      8 messages to 5 of 5 recipients (4 by email, 4 by Discord DM)\n" in shown
    assert "Not:     1 has switched emails off at present" in shown
    assert "Not:     1 has no Discord account at present" in shown
    assert world.log() == []


def test_a_pipe_takes_rows_only_and_words_are_on_stderr(world: World, shell: Shell) -> None:
    bob = world.platform.person("bob")

    for more in (("--dry-run",), ("--at", tomorrow()), ()):
        ran = shell(*NEWS, "--user", bob, *saying(f"Hello {more}"), *more)

        assert [line.count("\t") for line in ran.out.splitlines()] == [4] * 3
        assert bool(ran.err) == bool(more)


def test_more_than_20_messages_are_asked_about_with_what_they_are(world: World, shell: Shell) -> None:
    cohort = world.platform.cohort()
    for person in world.platform.people(*(f"learner{n}" for n in range(11))):
        world.platform.enrolment(person, cohort=cohort)
    command = f"send announcement --cohort {cohort} --set subject=Hi --set text=Yes"

    refused = shell(*command.split())

    assert (refused.code, refused.out) == (2, "")
    assert "Send 22 messages to 11 people and channels? There is no terminal to ask: add --yes" in refused.err
    assert "Subject: Hi" in refused.err
    answered = on_terminal(command, world.environment() | {"TZ": "UTC"}, typed="n\n")
    assert "Subject: Hi\n" in answered
    assert "To:      22 messages to 11 of 11 recipients (11 by email, 11 by Discord DM)" in answered
    assert "nothing was done" in answered
    assert world.log() == []
    assert shell(*command.split(), "--channel", "email", "--json").code == 0


def test_a_sample_goes_to_one_address_only_and_uses_nothing_up(world: World, shell: Shell, cohort: int) -> None:
    secret = {"NOTIFY_UNSUBSCRIBE_URL": "https://courses.example.org/u?t={token}", "NOTIFY_SECRET": "long enough"}
    command = (*NEWS, "--cohort", cohort, *saying("Hello"))

    ran = shell(*command, "--test-to", "staff@example.org", **secret)

    assert ran.code == 0
    assert "Sent to staff@example.org only" in ran.err
    [mail] = world.sendgrid.mails
    assert world.inboxes() == ["staff@example.org"]
    assert mail["subject"].endswith("Hello")
    assert "u?t=" not in str(mail), "whoever looks first must not unsubscribe the real reader"
    assert not world.discord.messages
    assert world.log() == []
    assert statuses(shell(*command, "--json")) == {"delivered": 8, "opted_out": 1, "no_address": 1}


def test_a_sample_of_an_invite_does_not_touch_the_readers_calendar(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice")
    world.meeting_in(world.platform.group("Otters", members=[alice]), hours=50)

    assert shell("send", "group_assigned", "--user", alice, "--test-to", "staff@example.org").code == 0
    [sample] = world.sendgrid.mails
    assert shell("send", "group_assigned", "--user", alice, "--channel", "email").code == 0

    uids = [_uid(mail) for mail in (sample, world.sendgrid.mails[1])]
    assert len(set(uids)) == 2
    assert world.connection.execute("select count(*) from notify.calendars where rehearsal").fetchone() == (0,)


@pytest.mark.parametrize("address", ["", "staff", "staff@", "a b@example.org"])
def test_a_sample_goes_to_nothing_that_is_no_address(shell: Shell, address: str) -> None:
    ran = shell(*NEWS, "--user", 1, *saying("Hello"), "--test-to", address)

    assert (ran.code, ran.out) == (2, "")
    assert "--test-to" in ran.err
    assert ran.err.count("\n") == 1


def _given(world: World) -> list[dict[str, str]]:
    found = world.connection.execute("select context -> 'variables' from reminders_log").fetchall()
    return [variables for (variables,) in found]


def _uid(mail: dict[str, Any]) -> str:
    ics = base64.b64decode(mail["attachments"][0]["content"]).decode().replace("\r\n ", "")
    found = re.search(r"^UID:(.*)\r$", ics, re.MULTILINE)
    assert found
    return found.group(1)
