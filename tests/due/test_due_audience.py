"""Who gets a message and who must not: one person for each reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notify_cli import due
from tests.support.candidates import SECOND, find, keys, sent, stamp, verdicts
from tests.support.platform import Platform

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# With the first meeting in 20 hours, reminder and nudge are due at once.
LESSONS: due.Lessons = {"*": {"1": ["intro"]}}


@pytest.fixture
def otters(draft: Platform) -> int:
    """A group that meets in 20 hours; alice is in it, so that there is always somebody to tell."""
    group = draft.group("Otters", members=[draft.person("alice")])
    draft.meeting(group, draft.now + 20 * HOUR)
    return group


def told(platform: Platform, person: int) -> set[str]:
    """The types somebody gets a message of, now."""
    return {c.delivery.reminder_type for c in find(platform, lessons=LESSONS) if c.delivery.user_id == person}


def methods(platform: Platform, person: int) -> set[str]:
    """The channels on which somebody hears anything, now."""
    return {c.delivery.method.value for c in find(platform, lessons=LESSONS) if c.delivery.user_id == person}


def test_a_member_hears_by_email_and_dm_and_the_channel_hears_once(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob)
    assert sent(draft, only="meeting_reminder_24h").count(("discord_channel", f"group_{otters}")) == 1
    assert told(draft, bob) == {"meeting_reminder_24h", "lesson_nudge_1d"}
    assert methods(draft, bob) == {"email", "discord_dm"}


def test_a_stranger_to_the_group_hears_nothing(draft: Platform, otters: int) -> None:
    carol = draft.person("carol")
    falcons = draft.group("Falcons", members=[carol])
    assert otters != falcons
    assert told(draft, carol) == set()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"wants_email": False}, {"discord_dm"}),
        ({"wants_dm": False}, {"email"}),
        ({"wants_email": False, "wants_dm": False}, set()),
        ({"wants_email": None, "wants_dm": None}, {"email", "discord_dm"}),
        ({"email": None}, {"discord_dm"}),
        ({"email": ""}, {"email", "discord_dm"}),
        ({"email": "  "}, {"discord_dm"}),
        ({"discord_id": None}, {"email"}),
        ({"discord_id": " "}, {"email"}),
        ({"email": None, "discord_id": None}, set()),
    ],
)
def test_preferences_and_addresses_count_for_each_channel(
    draft: Platform, otters: int, columns: dict[str, str | bool | None], expected: set[str]
) -> None:
    bob = draft.person("bob", **columns)  # type: ignore[arg-type]
    draft.member(otters, bob)
    assert methods(draft, bob) == expected


def test_an_empty_address_is_no_address(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob)
    draft.update("users", {"user_id": bob}, email="", discord_id="")
    assert methods(draft, bob) == set()
    found = verdicts(draft, bob, lessons=LESSONS)
    assert found["lesson_nudge_1d", "email"] == found["lesson_nudge_1d", "discord_dm"] == "no_address"


def test_a_deleted_account_hears_nothing_at_all(draft: Platform, otters: int) -> None:
    now = draft.now
    bob = draft.person("bob", deleted_at=now - DAY)
    draft.member(otters, bob, joined_at=now - 2 * DAY)
    draft.enrolment(bob, at=now - HOUR)
    draft.session(bob, "intro", started_at=now - 30 * HOUR)
    assert told(draft, bob) == set()
    assert set(verdicts(draft, bob, lessons=LESSONS).values()) == {"account_deleted"}


@pytest.mark.parametrize("status", ["dropped", "removed", "completed"])
def test_who_is_no_active_member_hears_nothing_of_the_group(draft: Platform, otters: int, status: str) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob, joined_at=draft.now - 2 * DAY, status=status)
    assert told(draft, bob) == set()
    assert set(verdicts(draft, bob, lessons=LESSONS).values()) == {"not_a_member"}


def test_who_left_hears_nothing_even_where_the_status_says_active(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob, joined_at=draft.now - 2 * DAY, left_at=draft.now - DAY)
    assert told(draft, bob) == set()


def test_who_joined_after_it_was_due_does_not_get_it(draft: Platform, otters: int) -> None:
    bob, carol = draft.people("bob", "carol")
    draft.member(otters, bob, joined_at=draft.now - 4 * HOUR)  # at the very moment
    draft.member(otters, carol, joined_at=draft.now - 4 * HOUR + SECOND)
    assert "meeting_reminder_24h" in told(draft, bob)
    assert told(draft, carol) == {"group_assigned"}
    found = verdicts(draft, carol, lessons=LESSONS)
    assert found["meeting_reminder_24h", "email"] == found["lesson_nudge_1d", "email"] == "joined_too_late"
    assert found["meeting_reminder_1h", "email"] == "not_due_yet"


@pytest.mark.parametrize("status", ["completed", "merged", "cancelled"])
def test_a_group_that_ended_hears_nothing(draft: Platform, otters: int, status: str) -> None:
    assert keys(draft, lessons=LESSONS)
    draft.update("groups", {"group_id": otters}, status=status)
    assert keys(draft, lessons=LESSONS) == []


def test_a_group_that_is_forming_hears_of_its_meetings(draft: Platform, otters: int) -> None:
    before = keys(draft, lessons=LESSONS)
    draft.update("groups", {"group_id": otters}, status="forming")
    assert keys(draft, lessons=LESSONS) == before != []


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_cohort_that_ended_hears_nothing(draft: Platform, status: str) -> None:
    now = draft.now
    alice = draft.person("alice")
    cohort = draft.cohort(status=status)
    group = draft.group(cohort=cohort)
    draft.member(group, alice, joined_at=now - 2 * DAY)
    draft.meeting(group, now + 20 * HOUR)
    draft.enrolment(alice, at=now - HOUR, cohort=cohort)
    assert keys(draft, lessons=LESSONS) == []
    assert set(verdicts(draft, alice, lessons=LESSONS).values()) == {"group_inactive"}


def test_an_enrolment_without_a_cohort_is_welcomed(draft: Platform) -> None:
    alice = draft.person("alice")
    draft.enrolment(alice, at=draft.now)
    assert told(draft, alice) == {"welcome"}


def test_only_the_first_enrolment_is_welcomed(draft: Platform) -> None:
    alice, bob = draft.people("alice", "bob")
    draft.enrolment(alice, at=draft.now - 30 * DAY)
    draft.enrolment(alice, at=draft.now)
    draft.enrolment(bob, at=draft.now)
    draft.enrolment(bob, at=draft.now - HOUR)
    assert {(c.delivery.user_id, c.delivery.due_at) for c in find(draft)} == {(bob, draft.now - HOUR)}


def test_a_new_cohort_does_not_welcome_somebody_from_a_cancelled_one_again(draft: Platform) -> None:
    alice = draft.person("alice")
    draft.enrolment(alice, at=draft.now - 30 * DAY, cohort=draft.cohort(status="cancelled"))
    draft.enrolment(alice, at=draft.now)
    assert told(draft, alice) == set()


def test_the_channel_is_told_whatever_its_members_chose(draft: Platform) -> None:
    silent = draft.person("bob", email=None, discord_id=None, wants_email=False, wants_dm=False)
    group = draft.group(members=[silent])
    draft.meeting(group, draft.now + 20 * HOUR)
    assert sent(draft) == [("discord_channel", f"group_{group}")]
    draft.meeting(group, draft.now + 50 * HOUR / 60)
    assert sent(draft, only="meeting_reminder_1h") == [("discord_channel", f"group_{group}")]


def test_the_channel_of_a_group_without_members_is_not_told(draft: Platform) -> None:
    group = draft.group()
    draft.meeting(group, draft.now + 20 * HOUR)
    assert sent(draft) == []


@pytest.mark.parametrize("channel", [None, " "])
def test_a_group_without_a_channel_is_reminded_by_email_only(draft: Platform, channel: str | None) -> None:
    alice = draft.person("alice")
    group = draft.group(channel=channel)
    draft.member(group, alice, joined_at=draft.now - 2 * DAY)
    draft.meeting(group, draft.now + 20 * HOUR)
    assert sent(draft) == [("email", f"user_{alice}")]
    assert verdicts(draft, alice)["group_assigned", "email"] == "not_applicable"


def test_a_group_without_a_future_meeting_is_not_announced(draft: Platform) -> None:
    alice = draft.person("alice")
    group = draft.group()
    draft.member(group, alice, joined_at=draft.now - HOUR)
    assert keys(draft) == []
    draft.meeting(group, draft.now - 2 * DAY)
    assert keys(draft) == []
    assert verdicts(draft, alice)["group_assigned", "email"] == "not_applicable"
    draft.meeting(group, draft.now + 5 * DAY)
    assert told(draft, alice) == {"group_assigned"}


def test_two_roles_are_one_message(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob, role="participant", joined_at=draft.now - 2 * DAY)
    draft.member(otters, bob, role="facilitator", joined_at=draft.now - 2 * DAY + HOUR)
    found = [c.delivery.notification_key for c in find(draft, lessons=LESSONS) if c.delivery.user_id == bob]
    assert len(found) == len(set(found)) == 5  # reminder by email, nudge and announcement by both
    assert f"group_{otters}_assigned/{stamp(draft.now - 2 * DAY)}/email/user_{bob}" in found


def test_a_second_role_taken_later_does_not_announce_the_group_again(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob, role="participant", joined_at=draft.now - 20 * DAY)
    draft.member(otters, bob, role="facilitator", joined_at=draft.now - HOUR)
    assert told(draft, bob) == {"meeting_reminder_24h", "lesson_nudge_1d"}


def test_who_ended_one_role_and_kept_the_other_is_still_a_member(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob, role="participant", status="completed", left_at=draft.now - DAY)
    draft.member(otters, bob, role="facilitator", joined_at=draft.now - 30 * DAY)
    assert told(draft, bob) == {"meeting_reminder_24h", "lesson_nudge_1d"}


def test_who_leaves_and_rejoins_is_told_again(draft: Platform, otters: int) -> None:
    now = draft.now
    bob = draft.person("bob")
    draft.member(otters, bob, joined_at=now - 3 * DAY)
    first = [c.delivery for c in find(draft, only="group_assigned")]
    assert {d.occurrence for d in first} == {stamp(now - 3 * DAY)}
    for delivery in first:
        draft.log_row(notification_key=delivery.notification_key, delivery_status="delivered", sent_at=now)
    assert keys(draft, only="group_assigned") == []
    draft.leave(otters, bob, at=now - DAY)
    assert keys(draft, only="group_assigned") == []
    draft.member(otters, bob, joined_at=now - HOUR)
    again = f"group_{otters}_assigned/{stamp(now - HOUR)}"
    assert keys(draft, only="group_assigned") == [f"{again}/discord_dm/user_{bob}", f"{again}/email/user_{bob}"]
    assert told(draft, bob) == {"group_assigned"}  # the reminder was due before this stay began


def test_who_is_in_two_groups_hears_of_both(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    falcons = draft.group("Falcons")
    for group in (otters, falcons):
        draft.member(group, bob, joined_at=draft.now - 2 * DAY)
    draft.meeting(falcons, draft.now + 21 * HOUR)
    found = [c.delivery for c in find(draft) if c.delivery.user_id == bob and c.delivery.method == "email"]
    assert sorted((d.reminder_type, d.group_id) for d in found) == sorted(
        (rule, group) for rule in ("group_assigned", "meeting_reminder_24h") for group in (otters, falcons)
    )


def test_a_newcomer_is_announced_to_alone(draft: Platform, otters: int) -> None:
    bob = draft.person("bob")
    draft.member(otters, bob, joined_at=draft.now - HOUR)
    assert sent(draft, only="group_assigned") == [("discord_dm", f"user_{bob}"), ("email", f"user_{bob}")]


def test_a_switched_off_type_goes_to_nobody_and_the_others_go_on(draft: Platform, otters: int) -> None:
    found = find(draft, lessons=LESSONS, disabled=["lesson_nudge_1d", "welcome"])
    assert {c.delivery.reminder_type for c in found} == {"meeting_reminder_24h"}
    assert find(draft, lessons=LESSONS, disabled=["meeting_reminder_24h", "lesson_nudge_1d"]) == []


# Trial lessons


def test_somebody_in_a_course_gets_no_trial_nudge(draft: Platform) -> None:
    alice, bob = draft.people("alice", "bob")
    draft.enrolment(alice)
    for person in (alice, bob):
        draft.session(person, "intro", started_at=draft.now - 30 * HOUR)
    assert sent(draft) == [("discord_dm", f"user_{bob}"), ("email", f"user_{bob}")]
    assert verdicts(draft, alice)["trial_nudge", "email"] == "not_applicable"


def test_a_finished_trial_lesson_is_not_nudged(draft: Platform) -> None:
    alice = draft.person("alice")
    draft.session(alice, "intro", started_at=draft.now - 30 * HOUR, completed_at=draft.now - 29 * HOUR)
    assert keys(draft) == []
    assert verdicts(draft, alice)["trial_nudge", "email"] == "lessons_done"


@pytest.mark.parametrize("other_started", [-90 * DAY, -2 * HOUR], ids=["before", "since"])
def test_a_trial_lesson_finished_in_any_session_is_not_nudged(draft: Platform, other_started: timedelta) -> None:
    alice = draft.person("alice")
    draft.session(alice, "intro", started_at=draft.now - 30 * HOUR)
    draft.session(alice, "intro", started_at=draft.now + other_started, completed_at=draft.now - HOUR)
    assert keys(draft) == []


def test_another_finished_lesson_or_somebody_elses_does_not_count(draft: Platform) -> None:
    alice, bob = draft.people("alice", "bob")
    session = draft.session(alice, "intro", started_at=draft.now - 30 * HOUR)
    draft.session(alice, "goals", completed_at=draft.now - HOUR)
    draft.session(bob, "intro", completed_at=draft.now - HOUR)
    assert {c.delivery.job_id for c in find(draft)} == {f"trial_{session}_nudge"}


def test_the_latest_session_of_a_lesson_counts(draft: Platform) -> None:
    alice = draft.person("alice")
    older = draft.session(alice, "intro", started_at=draft.now - 40 * HOUR)
    newer = draft.session(alice, "intro", started_at=draft.now - 30 * HOUR)
    assert {c.delivery.job_id for c in find(draft)} == {f"trial_{newer}_nudge"}
    draft.session(alice, "intro", started_at=draft.now - HOUR)  # not due yet, and the others do not count any more
    assert keys(draft) == []
    assert older < newer


def test_of_two_sessions_begun_at_once_one_counts(draft: Platform) -> None:
    alice = draft.person("alice")
    sessions = [draft.session(alice, "intro", started_at=draft.now - 30 * HOUR) for _ in range(2)]
    assert {c.delivery.job_id for c in find(draft)} == {f"trial_{sessions[1]}_nudge"}


def test_two_lessons_are_two_nudges(draft: Platform) -> None:
    alice = draft.person("alice")
    for lesson in ("intro", "goals"):
        draft.session(alice, lesson, started_at=draft.now - 30 * HOUR)
    assert len(keys(draft)) == 4


@pytest.mark.parametrize("method", ["email", "discord_dm"])
def test_one_trial_nudge_per_person_and_lesson_ever(draft: Platform, method: str) -> None:
    alice = draft.person("alice")
    first = draft.session(alice, "intro", started_at=draft.now - 40 * DAY)
    draft.log_row(
        notification_key=f"trial_{first}_nudge/-/{method}/user_{alice}",
        reminder_type="trial_nudge",
        delivery_status="delivered",
        sent_at=draft.now - 39 * DAY,
    )
    draft.session(alice, "intro", started_at=draft.now - 30 * HOUR)
    assert keys(draft) == []
    assert verdicts(draft, alice)["trial_nudge", "email"] == "sent"


def test_a_trial_nudge_that_failed_does_not_keep_the_next_from_going_out(draft: Platform) -> None:
    alice = draft.person("alice")
    first = draft.session(alice, "intro", started_at=draft.now - 40 * DAY)
    draft.log_row(notification_key=f"trial_{first}_nudge/-/email/user_{alice}", delivery_status="failed")
    draft.session(alice, "intro", started_at=draft.now - 30 * HOUR)
    assert len(keys(draft)) == 2


def test_an_anonymous_visitor_is_nobody_to_write_to(draft: Platform) -> None:
    draft.session(None, "intro", started_at=draft.now - 30 * HOUR)
    assert keys(draft) == []


# Names


@pytest.mark.parametrize(
    ("nickname", "first_name", "discord_username", "expected"),
    [
        ("Ally", "Alice", "alice", "Ally"),
        (None, "Alice", "alice", "Alice"),
        (" ", "Alice", "alice", "Alice"),
        (None, None, "alice", "alice"),
        ("", "", "alice", "alice"),
        (None, None, None, "there"),
        ("", " ", "", "there"),
        (" Ally ", None, None, "Ally"),
    ],
)
def test_a_name_is_the_first_that_somebody_has(
    draft: Platform, nickname: str | None, first_name: str | None, discord_username: str | None, expected: str
) -> None:
    person = draft.person(nickname, first_name=first_name, discord_username=discord_username)
    row = draft.connection.execute("select name from notify.people where user_id = %s", [person]).fetchone()
    assert row == (expected,)
