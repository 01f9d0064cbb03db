"""Optional views of the platform: who attends which meeting, who wants which message. And whom nothing is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from notify_cli import log_schema
from notify_cli.due import Window
from tests.support.candidates import find, keys, sent, verdicts
from tests.support.platform import Platform
from tests.support.shell import Shell
from tests.support.world import World

HOUR = timedelta(hours=1)
LESSONS = {"*": {"1": ["intro"]}}


@pytest.fixture
def meeting(draft: Platform) -> int:
    """The first of group 1, in 23 hours, of alice (1) and bob (2); carol (3) is in no group."""
    for table in ("users", "groups", "meetings"):
        draft.connection.execute(f"truncate {table} restart identity cascade".encode())
    alice, bob, carol = draft.people("alice", "bob", "carol")
    otters = draft.group(members=[alice, bob])
    assert (alice, bob, carol, otters) == (1, 2, 3, 1)
    return draft.meeting(otters, draft.now + 23 * HOUR)


def give(draft: Platform, view: str, columns: str, *rows: str) -> None:
    """A view of the platform with these rows."""
    told = " union all ".join(f"select {row}" for row in rows)
    draft.connection.execute(f"create view notify.{view} ({columns}) as {told}".encode())
    log_schema.forget(draft.connection)


@pytest.fixture(autouse=True)
def forgotten(draft: Platform) -> Iterator[None]:
    """The next test has a database without these views."""
    yield
    log_schema.forget(draft.connection)


def attendance(draft: Platform, *rows: str) -> None:
    give(draft, "attendance", "meeting_id, user_id, attending, guest", *rows)


def preferences(draft: Platform, *rows: str) -> None:
    give(draft, "preferences", "user_id, reminder_type, method, enabled", *rows)


def test_who_said_no_is_not_reminded_and_a_guest_is(draft: Platform, meeting: int) -> None:
    before = sent(draft, lessons=LESSONS)
    attendance(draft, f"{meeting}, 2, false, false", f"{meeting}, 3, true, true")
    assert sent(draft, only="meeting_reminder_24h") == [
        ("discord_channel", "group_1"),
        ("email", "user_1"),
        ("email", "user_3"),
    ]
    # the reminder alone is for a guest, and nothing about that meeting for who said no
    assert set(sent(draft, lessons=LESSONS)) - set(before) == {("email", "user_3")}
    assert sent(draft, only="lesson_nudge_1d", lessons=LESSONS) == [("discord_dm", "user_1"), ("email", "user_1")]
    found = verdicts(draft, 2, lessons=LESSONS)
    assert {found["meeting_reminder_24h", "email"], found["lesson_nudge_1d", "email"]} == {"not_attending"}
    assert {rule for rule, _ in verdicts(draft, 3, lessons=LESSONS)} == {"meeting_reminder_24h", "meeting_reminder_1h"}


def test_an_answer_about_one_meeting_says_nothing_of_another(draft: Platform, meeting: int) -> None:
    other = draft.meeting(1, draft.now + 23 * HOUR + timedelta(minutes=30))
    attendance(draft, f"{other}, 2, false, false", f"{other}, 3, true, true")
    assert [key for key in keys(draft) if key.startswith(f"meeting_{meeting}_") and key.endswith("user_2")]
    assert not [key for key in keys(draft) if key.startswith(f"meeting_{meeting}_") and key.endswith("user_3")]


@pytest.mark.parametrize(
    ("row", "expected"),
    [("null, null", True), ("true, false", True), ("false, null", False), ("null, true", True), ("false, true", False)],
)
def test_no_answer_is_no_no(draft: Platform, meeting: int, row: str, expected: bool) -> None:
    attendance(draft, f"{meeting}, 2, {row.replace(',', '::boolean,')}::boolean")
    assert (("email", "user_2") in sent(draft)) is expected


def test_of_two_answers_the_one_that_comes_counts(draft: Platform, meeting: int) -> None:
    attendance(draft, f"{meeting}, 2, false, false", f"{meeting}, 2, true, false")
    assert ("email", "user_2") in sent(draft)


def test_a_guest_who_is_a_member_gets_one_reminder(draft: Platform, meeting: int) -> None:
    attendance(draft, f"{meeting}, 2, true, true")
    found = [c.delivery.notification_key for c in find(draft) if c.delivery.user_id == 2]
    assert len(found) == len(set(found)) == 1


def test_a_type_that_somebody_does_not_want_is_not_sent(draft: Platform, meeting: int) -> None:
    preferences(
        draft,
        "1, 'lesson_nudge_1d', 'email', false",
        "2, 'lesson_nudge_1d', null, false",
        "2, 'meeting_reminder_24h', 'discord_dm', false",
    )
    assert sent(draft, lessons=LESSONS) == [
        ("discord_channel", "group_1"),
        ("discord_dm", "user_1"),
        ("email", "user_1"),
        ("email", "user_2"),
    ]
    assert verdicts(draft, 2, lessons=LESSONS)["lesson_nudge_1d", "discord_dm"] == "opted_out"


def test_a_choice_about_one_method_counts_before_one_about_all(draft: Platform, meeting: int) -> None:
    preferences(draft, "1, 'lesson_nudge_1d', null, false", "1, 'lesson_nudge_1d', 'email', true")
    found = verdicts(draft, 1, lessons=LESSONS)
    assert found["lesson_nudge_1d", "email"] == "will_send"
    assert found["lesson_nudge_1d", "discord_dm"] == "opted_out"


def test_a_choice_does_not_overrule_what_is_switched_off_as_a_whole(draft: Platform, meeting: int) -> None:
    draft.update("users", {"user_id": 1}, email_notifications_enabled=False)
    preferences(draft, "1, 'meeting_reminder_24h', 'email', true")
    assert ("email", "user_1") not in sent(draft)


def test_a_group_that_everybody_has_left_gets_no_posts(draft: Platform, meeting: int) -> None:
    for person in (1, 2):
        draft.leave(1, person)
    assert keys(draft) == []
    [post] = find(
        draft, only="meeting_reminder_24h", window=Window(draft.now, group_ids=[1]), verdicts=["not_applicable"]
    )
    assert post.note == "nobody is in the group"
    draft.member(1, 3, joined_at=draft.now)
    assert sent(draft) == [("discord_channel", "group_1"), *[(method, "user_3") for method in ("discord_dm", "email")]]


def test_a_member_of_a_group_gets_no_trial_nudge(draft: Platform, meeting: int) -> None:
    for person in (1, 3):
        draft.session(person, "intro", started_at=draft.now - 25 * HOUR)
    assert sent(draft, only="trial_nudge") == [("discord_dm", "user_3"), ("email", "user_3")]
    [email, _] = find(draft, only="trial_nudge", window=Window(draft.now, user_ids=[1]), verdicts=None)
    assert (email.verdict, email.note) == ("not_applicable", "in a group")
    draft.leave(1, 1)
    assert len(sent(draft, only="trial_nudge")) == 4


def test_explain_names_who_does_not_come_and_knows_guests(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(world, monkeypatch, capsys)
    alice, bob = world.platform.people("alice", "bob")
    meeting = world.meeting_in(world.platform.group("Otters", members=[alice]), hours=23)
    world.connection.execute(
        f"create view notify.attendance as select {meeting} as meeting_id, {alice} as user_id, false as attending,"
        f" false as guest union all select {meeting}, {bob}, true, true".encode()
    )
    for person, verdict, reason in (
        (alice, "not_attending", "alice does not attend this meeting"),
        (bob, "will_send", "email: goes out with the next sweep"),
    ):
        found = {line["rule"]: line for line in shell("explain", "--user", person, "--json").json}
        assert found["meeting_reminder_24h"]["verdict"] == verdict
        assert found["meeting_reminder_24h"]["reason"].startswith(reason)
    assert shell("sweep-due", "--json").json["by_method"] == {"email": 1, "discord_dm": 0, "discord_channel": 1}
    assert world.inboxes() == ["bob@example.org"]
    assert shell("doctor").code in (0, 1)
