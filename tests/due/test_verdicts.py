"""What becomes of a candidate: the first reason why it does not go out, and what the log has of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notify_cli import due
from notify_cli.due import Candidate, Policy, Window
from notify_cli.registry import Method
from tests.support.candidates import find, keys, stamp, verdicts
from tests.support.platform import Platform

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LESSONS: due.Lessons = {"*": {"1": ["intro"]}}
NUDGE = ("lesson_nudge_1d", "email")


class Case:
    """alice, whose meeting is in 20 hours: the nudge of the day before by email is due."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.alice = platform.person("alice")
        self.group = platform.group(members=[self.alice])
        self.starts_at = platform.now + 20 * HOUR
        self.meeting = platform.meeting(self.group, self.starts_at)
        self.job_id = f"meeting_{self.meeting}_lesson_nudge_1d"
        self.key = f"{self.job_id}/{stamp(self.starts_at)}/email/user_{self.alice}"

    def verdict(self, **options: Any) -> str:
        return verdicts(self.platform, self.alice, **({"lessons": LESSONS} | options))[NUDGE]

    def candidate(self) -> Candidate:
        """As `explain` sees it."""
        window = Window(now=self.platform.now, within=due.EVER, since=due.EVER, user_ids=[self.alice])
        found = find(self.platform, only=NUDGE[0], lessons=LESSONS, window=window, verdicts=None, free_only=False)
        return next(c for c in found if c.delivery.notification_key == self.key)

    def is_swept(self) -> bool:
        return self.key in keys(self.platform, lessons=LESSONS)

    def log(self, **columns: Any) -> int:
        return self.platform.log_row(
            **({"notification_key": self.key, "job_id": self.job_id, "reminder_type": NUDGE[0]} | columns)
        )

    def cancel(self) -> int:
        return self.platform.log_row(
            notification_key=f"{self.job_id}/{stamp(self.starts_at)}/cancelled",
            job_id=self.job_id,
            delivery_method=None,
            delivery_status="cancelled",
        )


@pytest.fixture
def case(draft: Platform) -> Case:
    return Case(draft)


def test_the_first_reason_is_the_one_that_is_told(case: Case) -> None:
    platform, alice, group = case.platform, case.alice, case.group

    def person(**columns: Any) -> None:
        platform.update("users", {"user_id": alice}, **columns)

    def membership(**columns: Any) -> None:
        platform.update("groups_users", {"user_id": alice}, **columns)

    # Everything at once speaks against it; then each reason goes, the first one first.
    sent = case.log(delivery_status="delivered", sent_at=platform.now)
    person(deleted_at=platform.now, email_notifications_enabled=False, email=None)
    platform.update("groups", {"group_id": group}, status="cancelled")
    membership(status="dropped", joined_at=platform.now)
    cancellation = case.cancel()
    platform.finished(alice, "intro")
    disabled = ["lesson_nudge_1d"]
    late = platform.now + 9 * HOUR

    def verdict() -> str:
        return case.verdict(disabled=disabled, at=late)

    told = [verdict()]
    platform.delete("reminders_log", reminder_id=sent)
    told.append(verdict())
    person(deleted_at=None)
    told.append(verdict())
    platform.update("groups", {"group_id": group}, status="active")
    told.append(verdict())
    membership(status="active")
    told.append(verdict())
    disabled.clear()
    told.append(verdict())
    platform.delete("reminders_log", reminder_id=cancellation)
    told.append(verdict())
    membership(joined_at=platform.now - 30 * DAY)
    told.append(verdict())
    platform.delete("lesson_sessions", user_id=alice)
    told.append(verdict())
    person(email_notifications_enabled=True)
    told.append(verdict())
    person(email="alice@example.org")
    told.append(verdict())
    told += [case.verdict(at=platform.now - 5 * HOUR), case.verdict()]
    assert told == [
        "sent",
        "account_deleted",
        "group_inactive",
        "not_a_member",
        "disabled",
        "cancelled",
        "joined_too_late",
        "lessons_done",
        "opted_out",
        "no_address",
        "expired",
        "not_due_yet",
        "will_send",
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("delivered", "sent"), ("failed", "failed"), ("cancelled", "cancelled"), ("expired", "expired")],
)
def test_what_the_log_has_closed_stays_closed(case: Case, status: str, expected: str) -> None:
    case.log(delivery_status=status, sent_at=case.platform.now, delivery_error="no such address", attempts=1)
    assert case.verdict() == expected
    assert not case.is_swept()


def test_a_candidate_says_what_the_log_knows(case: Case) -> None:
    sent_at = case.platform.now - HOUR
    case.log(delivery_status="delivered", sent_at=sent_at, attempts=2)
    found = case.candidate()
    assert (found.verdict, found.sent_at, found.attempts, found.error) == ("sent", sent_at, 2, None)
    delivery = found.delivery
    assert (delivery.method, delivery.user_id, delivery.group_id, delivery.meeting_id) == (
        Method.EMAIL,
        case.alice,
        case.group,
        case.meeting,
    )


def test_an_attempt_that_waits_is_retried_when_its_time_has_come(case: Case) -> None:
    now = case.platform.now
    row = case.log(delivery_status="pending", attempts=1, retry_at=now, delivery_error="busy")
    assert (case.verdict(), case.is_swept()) == ("retrying", True)
    assert case.candidate().error == "busy"
    case.platform.update("reminders_log", {"reminder_id": row}, retry_at=now + timedelta(seconds=1))
    assert (case.verdict(), case.is_swept()) == ("retrying", False)
    assert case.candidate().retry_at == now + timedelta(seconds=1)


def test_what_another_run_is_sending_is_left_to_it_until_its_lease_ends(case: Case) -> None:
    now = case.platform.now
    row = case.log(delivery_status="pending", attempts=1, claimed_until=now + timedelta(seconds=1))
    assert not case.is_swept()
    case.platform.update("reminders_log", {"reminder_id": row}, claimed_until=now)
    assert case.is_swept()


def test_a_row_that_was_given_back_is_not_a_retry(case: Case) -> None:
    case.log(delivery_status="pending", attempts=0)
    assert (case.verdict(), case.is_swept()) == ("will_send", True)


def test_an_attempt_whose_time_is_over_is_expired(case: Case) -> None:
    case.log(delivery_status="pending", attempts=1, retry_at=case.platform.now)
    late = case.starts_at - 12 * HOUR
    assert case.verdict(at=late) == "expired"
    assert case.key not in keys(case.platform, late, lessons=LESSONS)


def test_a_cancellation_covers_one_job_at_one_time(case: Case) -> None:
    before = set(keys(case.platform, lessons=LESSONS))
    case.cancel()
    assert case.candidate().cancelled_at is not None
    after = set(keys(case.platform, lessons=LESSONS))
    assert before - after == {case.key, case.key.replace("/email/", "/discord_dm/")}
    assert any("reminder_24h" in key for key in after)
    case.platform.move(case.meeting, case.starts_at + HOUR)
    assert case.job_id in {key.split("/")[0] for key in keys(case.platform, lessons=LESSONS)}


def test_a_cancellation_covers_who_comes_later(case: Case) -> None:
    case.cancel()
    bob = case.platform.person("bob")
    case.platform.member(case.group, bob, joined_at=case.platform.now - 2 * DAY)
    assert not any(case.job_id in key for key in keys(case.platform, lessons=LESSONS))
    assert verdicts(case.platform, bob, lessons=LESSONS)[NUDGE] == "cancelled"


def test_a_post_without_a_channel_has_no_address(draft: Platform) -> None:
    group = draft.group(channel=None)
    draft.meeting(group, draft.now + 20 * HOUR)
    window = Window(now=draft.now, within=due.EVER, since=due.EVER, group_ids=[group])
    found = find(draft, window=window, verdicts=None, free_only=False)
    assert {(c.delivery.method.value, c.verdict) for c in found} == {("discord_channel", "no_address")}


def test_rows_of_other_writers_do_not_count(case: Case) -> None:
    case.platform.log_row(reminder_type="lesson_nudge_1d", delivery_status="delivered", sent_at=case.platform.now)
    assert case.verdict() == "will_send"


def test_a_stay_that_goes_on_counts_beside_one_that_ended(case: Case) -> None:
    platform = case.platform
    platform.member(case.group, case.alice, status="removed", left_at=platform.now)
    assert case.verdict() == "will_send"
    platform.update("groups_users", {"status": "active"}, joined_at=platform.now)
    assert case.verdict() == "joined_too_late"


def test_a_window_narrows_to_people_groups_and_meetings(case: Case) -> None:
    platform = case.platform
    bob = platform.person("bob")
    falcons = platform.group("Falcons", members=[bob])
    other = platform.meeting(falcons, case.starts_at)

    def seen(**narrowed: Any) -> set[tuple[int | None, int | None]]:
        found = find(platform, lessons=LESSONS, window=Window(now=platform.now, **narrowed))
        return {(c.delivery.user_id, c.delivery.meeting_id) for c in found}

    everything = {(case.alice, case.meeting), (None, case.meeting), (bob, other), (None, other)}
    assert seen() == everything
    assert seen(user_ids=[bob]) == {(bob, other)}
    assert seen(group_ids=[falcons]) == seen(meeting_ids=[other]) == {(bob, other), (None, other)}
    assert seen(user_ids=[case.alice], meeting_ids=[other]) == set()
    assert seen(user_ids=[]) == set()


def test_what_is_still_due_is_found_again_and_nothing_else(case: Case) -> None:
    platform = case.platform
    bob = platform.person("bob")
    platform.member(case.group, bob, joined_at=platform.now - 2 * DAY)
    platform.enrolment(bob, at=platform.now)
    policy = Policy(lessons=lambda: LESSONS)

    def still() -> set[str]:
        return {d.notification_key for d in due.still_due(platform.connection, batch, platform.now, policy)}

    batch = [c.delivery for c in find(platform, lessons=LESSONS)]
    everything = {d.notification_key for d in batch}
    assert {d.reminder_type for d in batch} == {"meeting_reminder_24h", "lesson_nudge_1d", "group_assigned", "welcome"}
    assert still() == everything
    platform.finished(case.alice, "intro")
    assert everything - still() == {case.key, case.key.replace("/email/", "/discord_dm/")}
    platform.leave(case.group, bob)
    assert {key for key in still() if f"user_{bob}" in key} == {
        f"user_{bob}_welcome/-/email/user_{bob}",
        f"user_{bob}_welcome/-/discord_dm/user_{bob}",
    }
    platform.move(case.meeting, case.starts_at + timedelta(minutes=1))
    assert {key.split("/")[0] for key in still()} == {f"user_{bob}_welcome"}
    assert due.still_due(platform.connection, [], platform.now, policy) == []


def test_the_jobs_of_a_window_are_listed_even_without_anybody_to_send_to(draft: Platform) -> None:
    starts_at = draft.now + 5 * DAY
    meeting = draft.meeting(draft.group(channel=None), starts_at)
    window = Window(now=draft.now, within=due.EVER, meeting_ids=[meeting])
    assert due.jobs(draft.connection, window, Policy()) == [
        (f"meeting_{meeting}_{name}", stamp(starts_at), rule)
        for name, rule in (
            ("lesson_nudge_1d", "lesson_nudge_1d"),
            ("lesson_nudge_3d", "lesson_nudge_3d"),
            ("reminder_1h", "meeting_reminder_1h"),
            ("reminder_24h", "meeting_reminder_24h"),
        )
    ]


# Stored for later


def stored(platform: Platform, person: int, *, group: int | None = None, **columns: Any) -> str:
    """A message as `send --at` stores it; returns its key."""
    key = f"send_pizza/-/email/user_{person}"
    context = '{"variables": {"place": "the canteen"}' + (f', "group_id": {group}' if group else "") + "}"
    row = platform.log_row(
        **(
            {
                "notification_key": key,
                "job_id": "send_pizza",
                "reminder_type": "pizza",
                "delivery_status": "pending",
                "due_at": platform.now,
                "useful_until": platform.now + DAY,
                "context": context,
            }
            | columns
        )
    )
    platform.row("reminder_recipients_log", reminder_id=row, user_id=person)
    return key


def test_a_stored_message_is_due_within_its_own_window(draft: Platform) -> None:
    key = stored(draft, draft.person("alice"))
    assert keys(draft, draft.now - timedelta(seconds=1)) == []
    assert keys(draft) == keys(draft, draft.now + DAY - timedelta(seconds=1)) == [key]
    assert keys(draft, draft.now + DAY) == []


def test_a_stored_message_carries_what_it_was_given(draft: Platform) -> None:
    stored(draft, draft.person("alice"))
    delivery = find(draft)[0].delivery
    assert (delivery.reminder_type, delivery.context) == ("pizza", {"variables": {"place": "the canteen"}})


def test_a_stored_message_heeds_what_its_reader_chose_since(draft: Platform) -> None:
    alice = draft.person("alice")
    stored(draft, alice)
    for off, on in (
        ({"email_notifications_enabled": False}, {"email_notifications_enabled": None}),
        ({"deleted_at": draft.now}, {"deleted_at": None}),
        ({"email": None}, {"email": "alice@example.org"}),
    ):
        draft.update("users", {"user_id": alice}, **off)
        assert keys(draft) == []
        draft.update("users", {"user_id": alice}, **on)
        assert len(keys(draft)) == 1


def test_a_message_stored_for_a_group_does_not_reach_who_left_it_since(draft: Platform) -> None:
    alice = draft.person("alice")
    group = draft.group(members=[alice])
    stored(draft, alice, group=group)
    assert len(keys(draft)) == 1
    draft.leave(group, alice)
    assert keys(draft) == []


def test_a_stored_message_of_a_switched_off_type_waits(draft: Platform) -> None:
    stored(draft, draft.person("alice"))
    assert find(draft, disabled=["pizza"]) == []
    assert len(find(draft, only="pizza")) == 1
    assert find(draft, only="welcome") == []


def test_a_stored_message_can_be_cancelled(draft: Platform) -> None:
    stored(draft, draft.person("alice"))
    draft.log_row(notification_key="send_pizza/-/cancelled", delivery_method=None, delivery_status="cancelled")
    assert keys(draft) == []
