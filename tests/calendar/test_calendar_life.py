"""A member's calendar always equals the meetings table, whatever happens to the meetings, the member or the mail."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from notify_cli import due
from notify_cli.calendars import View, table
from notify_cli.due import Policy, Window
from tests.support.fakes.http import Step
from tests.support.lives import (
    ARRIVED,
    CALENDAR_TYPES,
    DOWN,
    LOST,
    PAUSE,
    REFUSED,
    TAKEN,
    WEEK,
    Lives,
    sequences,
    stage,
)
from tests.support.postgres import Server
from tests.support.world import World

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world(server: Server, ready_template: str) -> Iterator[World]:
    """One database for all tests of this file."""
    with stage(server, ready_template) as opened:
        yield opened


@pytest.fixture
def lives(world: World) -> Lives:
    """An empty platform."""
    return Lives.afresh(world)


@pytest.fixture
def otters(lives: Lives) -> int:
    """A group that meets four times, first in three days."""
    group = lives.platform.group("Otters")
    lives.meetings(group)
    return group


@pytest.fixture
def alice(lives: Lives, otters: int) -> int:
    """A member of the Otters who has her invite."""
    person = lives.person("alice")
    lives.join(otters, person)
    assert sequences(lives.sweep()) == [("REQUEST", 0)]
    return person


def meeting_ids(lives: Lives, group: int) -> list[int]:
    sql = "select meeting_id from notify.meetings where group_id = %s order by starts_at"
    return [row[0] for row in lives.world.connection.execute(sql, [group])]


def move(lives: Lives, group: int, number: int, by: timedelta) -> None:
    meeting = meeting_ids(lives, group)[number - 1]
    sql = "update meetings set scheduled_time_utc = scheduled_time_utc + %s where meeting_id = %s"
    lives.world.connection.execute(sql, [by, meeting])


def verdict(lives: Lives, person: int, rule: str) -> list[tuple[str, str | None]]:
    window = Window(now=lives.now, within=due.EVER, since=due.EVER, user_ids=[person])
    found = due.find(lives.world.connection, window, Policy(), types=[rule], verdicts=None, free_only=False)
    return [(candidate.verdict, candidate.note) for candidate in found]


def is_settled(lives: Lives) -> bool:
    """The next sweep, after every wait is over, sends nothing."""
    return not lives.sweep()


# What the meetings do


def test_a_moved_a_deleted_and_an_added_meeting_are_one_update(lives: Lives, otters: int, alice: int) -> None:
    move(lives, otters, 1, DAY)
    lives.platform.delete("meetings", meeting_id=meeting_ids(lives, otters)[2])
    lives.meeting(otters, 2 * DAY)

    [mail] = lives.sweep()

    assert sequences([mail]) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


@pytest.mark.parametrize("change", [{"join_url": "https://meet.example.org/1"}, {"duration_minutes": 90}])
def test_a_changed_link_or_length_is_an_update(
    lives: Lives, otters: int, alice: int, change: dict[str, object]
) -> None:
    lives.platform.update("meetings", {"meeting_id": meeting_ids(lives, otters)[1]}, **change)

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_changed_names_alone_are_no_update(lives: Lives, otters: int, alice: int) -> None:
    lives.platform.update("users", {"user_id": alice}, nickname="Alice the Great")
    lives.platform.update("groups", {"group_id": otters}, group_name="Sea Otters")
    lives.join(otters, lives.person("bob"))

    assert [mail.to for mail in lives.sweep()] == ["bob@example.org"]


def test_a_meeting_that_passes_changes_nothing(lives: Lives, otters: int, alice: int) -> None:
    for _ in range(5):
        assert not lives.sweep(after=WEEK)

    assert lives.shown("alice") == lives.rows(otters)


def test_a_meeting_moved_into_the_past_goes_from_the_calendar(lives: Lives, otters: int, alice: int) -> None:
    move(lives, otters, 1, -2 * WEEK)

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)[1:]
    assert is_settled(lives)


def test_a_past_meeting_that_turns_out_to_have_been_moved_goes_from_the_calendar(
    lives: Lives, otters: int, alice: int
) -> None:
    lives.sweep(after=WEEK)
    lives.platform.delete("meetings", meeting_id=meeting_ids(lives, otters)[0])

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_with_all_meetings_deleted_the_series_is_cancelled_and_new_ones_bring_it_back(
    lives: Lives, otters: int, alice: int
) -> None:
    lives.platform.delete("meetings", group_id=otters)
    [cancel] = lives.sweep()
    assert sequences([cancel]) == [("CANCEL", 1)]
    assert cancel.value("STATUS") == "CANCELLED"
    assert lives.shown("alice") == []
    assert is_settled(lives)

    lives.meetings(otters)

    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_with_all_meetings_to_come_deleted_the_past_ones_stay(lives: Lives, otters: int, alice: int) -> None:
    lives.sweep(after=WEEK)
    for meeting in meeting_ids(lives, otters)[1:]:
        lives.platform.delete("meetings", meeting_id=meeting)

    # An unknown outcome must not leave the deleted meetings where they are.
    assert sequences(lives.sweep(LOST)) == [("REQUEST", 1)]
    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)

    lives.leave(otters, alice)
    assert not lives.sweep(), "nothing to come is in the calendar"


def test_a_series_that_had_ended_follows_its_extension(lives: Lives, otters: int, alice: int) -> None:
    assert not lives.sweep(after=10 * WEEK)
    lives.meetings(otters, count=2)

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_an_update_that_expired_unsent_does_not_block_later_ones(lives: Lives, otters: int, alice: int) -> None:
    move(lives, otters, 4, DAY)
    lives.sweep(DOWN)
    assert not lives.sweep(after=10 * WEEK)
    lives.meetings(otters, count=2)

    [mail] = lives.sweep()

    assert mail.sequence > 0
    assert lives.shown("alice")[-2:] == lives.rows(otters)[-2:]
    assert is_settled(lives)


@pytest.mark.parametrize(
    "columns",
    [
        {"join_url": ""},
        {"join_url": "  "},
        {"join_url": "https://meet.example.org/?a=1,2;3&ü=\"'\\%s"},
        {"duration_minutes": 0},
        {"duration_minutes": -5},
        {"duration_minutes": 60},
    ],
)
def test_odd_values_are_no_endless_updates(lives: Lives, otters: int, alice: int, columns: dict[str, object]) -> None:
    lives.meeting(otters, 5 * DAY + timedelta(microseconds=123456), **columns)
    lives.meeting(otters, 5 * DAY + timedelta(microseconds=123456), **columns)

    assert len(lives.sweep()) == 1
    assert is_settled(lives)


# What members do


def test_who_leaves_has_the_series_taken_out_of_the_calendar(lives: Lives, otters: int, alice: int) -> None:
    lives.leave(otters, alice)

    [cancel] = lives.sweep()

    assert sequences([cancel]) == [("CANCEL", 1)]
    assert cancel.value("STATUS") is None, "the series goes on without her (RFC 5546 3.2.5)"
    assert lives.shown("alice") == []
    assert is_settled(lives)


def test_who_joins_late_gets_the_meetings_that_are_left(lives: Lives, otters: int, alice: int) -> None:
    lives.sweep(after=WEEK)
    lives.join(otters, lives.person("bob"))

    assert sequences(lives.sweep()) == [("REQUEST", 0)]
    assert lives.shown("bob") == lives.rows(otters)[1:]
    assert is_settled(lives)


def test_who_leaves_and_rejoins_gets_the_series_back(lives: Lives, otters: int, alice: int) -> None:
    lives.leave(otters, alice)
    lives.sweep()
    lives.sweep(after=WEEK)
    lives.join(otters, alice)

    [mail] = lives.sweep()

    assert sequences([mail]) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)[1:]
    assert is_settled(lives)


def rejoin(lives: Lives, group: int, person: int) -> None:
    """Leave and come back, before any sweep sees it."""
    lives.leave(group, person)
    lives.now += timedelta(seconds=20)
    lives.join(group, person)


def test_who_leaves_and_rejoins_between_two_sweeps_keeps_the_series(lives: Lives, otters: int, alice: int) -> None:
    rejoin(lives, otters, alice)

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_who_rejoins_is_not_invited_to_a_meeting_that_another_series_of_theirs_shows(
    lives: Lives, otters: int, alice: int
) -> None:
    first = lives.rows(otters)[0][0]
    late = lives.meeting(otters, first - lives.now + timedelta(hours=6))
    assert sequences(lives.sweep()) == [("REQUEST", 0)], "a second one on that day is a series of its own"
    lives.platform.delete("meetings", scheduled_time_utc=first)
    rejoin(lives, otters, alice)

    lives.sweep()

    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)
    lives.platform.delete("meetings", meeting_id=late)
    lives.sweep()
    assert lives.shown("alice") == lives.rows(otters)


def test_who_rejoins_with_only_a_second_series_left_is_told_of_that(lives: Lives, otters: int, alice: int) -> None:
    first = lives.rows(otters)[0][0]
    late = lives.meeting(otters, first - lives.now + timedelta(hours=6))
    lives.sweep()
    lives.platform.connection.execute("delete from meetings where meeting_id <> %s", [late])
    lives.sweep()
    rejoin(lives, otters, alice)

    [mail] = lives.sweep()

    assert mail.uid.partition("@")[0].endswith("-2")
    assert sequences([mail]) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_an_invite_that_was_lost_does_not_leave_the_old_meetings_once_its_own_are_over(
    lives: Lives, otters: int, alice: int
) -> None:
    for meeting in meeting_ids(lives, otters):
        lives.platform.delete("meetings", meeting_id=meeting)
    lives.meeting(otters, timedelta(hours=13))
    lives.platform.update("groups_users", {"user_id": alice}, joined_at=lives.now)
    assert sequences(lives.sweep(LOST)) == [("REQUEST", 1)]
    assert lives.sweep(after=timedelta()) == []

    assert sequences(lives.sweep(after=DAY)) == [("REQUEST", 2)]

    assert [row for row in lives.shown("alice") if row[0] > lives.now] == []
    assert is_settled(lives)


def test_whose_leaving_is_undone_gets_the_series_back(lives: Lives, otters: int, alice: int) -> None:
    lives.leave(otters, alice)
    lives.sweep()
    lives.platform.update("groups_users", {"user_id": alice}, status="active", left_at=None)

    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_two_roles_are_one_series_until_the_last_one_ends(lives: Lives, otters: int) -> None:
    alice = lives.person("alice")
    lives.join(otters, alice)
    lives.join(otters, alice, role="facilitator")
    assert sequences(lives.sweep()) == [("REQUEST", 0)]

    where = {"group_id": otters, "user_id": alice}
    lives.platform.update("groups_users", where | {"role": "facilitator"}, status="dropped", left_at=lives.now)
    assert is_settled(lives)

    lives.platform.update("groups_users", where, status="dropped", left_at=lives.now)
    assert sequences(lives.sweep()) == [("CANCEL", 1)]


def test_a_deleted_account_gets_nothing(lives: Lives, otters: int, alice: int) -> None:
    lives.platform.update("users", {"user_id": alice}, deleted_at=lives.now)
    move(lives, otters, 1, DAY)
    assert not lives.sweep()
    lives.leave(otters, alice)
    assert not lives.sweep()


# What becomes of groups


@pytest.mark.parametrize("status", ["cancelled", "merged", "completed"])
def test_the_end_of_a_group_takes_its_meetings_out_of_the_calendars(
    lives: Lives, otters: int, alice: int, status: str
) -> None:
    lives.platform.update("groups", {"group_id": otters}, status=status)

    [cancel] = lives.sweep()

    assert sequences([cancel]) == [("CANCEL", 1)]
    assert cancel.value("STATUS") == "CANCELLED"
    assert lives.shown("alice") == []
    assert is_settled(lives)


def test_the_end_of_a_cohort_is_the_end_of_its_groups_and_can_be_undone(lives: Lives, otters: int, alice: int) -> None:
    lives.world.connection.execute("update cohorts set status = 'cancelled'")
    assert sequences(lives.sweep()) == [("CANCEL", 1)]
    lives.world.connection.execute("update cohorts set status = 'active'")
    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)


def test_a_deleted_group_is_cancelled_by_the_name_it_had(lives: Lives, otters: int, alice: int) -> None:
    lives.platform.delete("groups", group_id=otters)

    [cancel] = lives.sweep()

    assert sequences([cancel]) == [("CANCEL", 1)]
    assert "Otters" in str(cancel.value("SUMMARY"))
    assert lives.world.sendgrid.mails[-1]["subject"] == "Removed from your calendar: Otters"
    assert lives.shown("alice") == []
    assert is_settled(lives)


def test_who_is_moved_to_another_group_gets_its_series_instead(lives: Lives, otters: int, alice: int) -> None:
    falcons = lives.platform.group("Falcons")
    lives.meetings(falcons, first=4 * DAY)
    lives.platform.update("groups", {"group_id": otters}, status="merged")
    lives.leave(otters, alice, "removed")
    lives.join(falcons, alice)

    assert sorted(sequences(lives.sweep())) == [("CANCEL", 1), ("REQUEST", 0)]
    assert lives.shown("alice") == lives.rows(falcons)
    assert is_settled(lives)


# What members wish


def test_email_switched_off_holds_back_the_update_until_it_is_switched_on(
    lives: Lives, otters: int, alice: int
) -> None:
    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=False)
    move(lives, otters, 1, DAY)
    assert not lives.sweep()
    assert verdict(lives, alice, "calendar_update") == [("opted_out", None)]
    move(lives, otters, 2, DAY)
    lives.sweep(after=WEEK)

    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=True)

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert set(lives.shown("alice")) <= set(lives.rows(otters))
    assert lives.shown("alice")[-3:] == lives.rows(otters)[-3:]
    assert is_settled(lives)


def test_email_switched_off_holds_back_the_cancellation_until_it_is_switched_on(
    lives: Lives, otters: int, alice: int
) -> None:
    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=False)
    lives.leave(otters, alice)
    assert not lives.sweep()
    assert verdict(lives, alice, "calendar_cancel") == [("opted_out", None)]

    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=True)

    assert sequences(lives.sweep()) == [("CANCEL", 1)]
    assert lives.shown("alice") == []


def test_the_invite_itself_waits_a_week_for_email_to_be_switched_on(lives: Lives, otters: int) -> None:
    alice, bob = (lives.person(name, wants_email=False) for name in ("alice", "bob"))
    lives.join(otters, alice, bob)
    assert not lives.sweep()
    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=True)
    assert sequences(lives.sweep(after=DAY)) == [("REQUEST", 0)]

    lives.platform.update("users", {"user_id": bob}, email_notifications_enabled=True)
    assert not lives.sweep(after=WEEK), "who was never invited holds nothing that could be brought up to date"


def test_a_new_address_gets_the_series_and_all_that_follows(lives: Lives, otters: int, alice: int) -> None:
    lives.platform.update("users", {"user_id": alice}, email="ALICE@example.org")
    assert not lives.sweep(), "the same mailbox"
    lives.platform.update("users", {"user_id": alice}, email="alice2@example.org")

    mails = lives.sweep()

    cancel, mail = sorted(mails, key=lambda one: one.sequence)
    assert (cancel.to, cancel.method, cancel.sequence) == ("alice@example.org", "CANCEL", 1)
    assert (mail.to, mail.method, mail.sequence) == ("alice2@example.org", "REQUEST", 2)
    assert mail.value("ATTENDEE") == "mailto:alice2@example.org"
    assert lives.shown("alice") == []
    assert lives.shown("alice2") == lives.rows(otters)
    assert is_settled(lives)

    lives.leave(otters, alice)
    assert [mail.to for mail in lives.sweep()] == ["alice2@example.org"]
    assert lives.shown("alice2") == []


# What becomes of the mail


@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_a_first_invite_without_an_answer_is_repeated_to_the_byte(lives: Lives, otters: int, step: Step) -> None:
    lives.join(otters, lives.person("alice"))
    [first] = lives.sweep(step)

    [again] = lives.sweep()

    assert replace(again, step=first.step) == first
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_a_first_invite_without_an_answer_is_repeated_with_the_meetings_as_they_are_then(
    lives: Lives, otters: int, step: Step
) -> None:
    lives.join(otters, lives.person("alice"))
    [first] = lives.sweep(step)
    move(lives, otters, 1, DAY)

    [second] = lives.sweep(step)
    assert (second.method, second.sequence) == ("REQUEST", 1)
    assert second.message_id != first.message_id, "a mail server would drop it as a repetition of the first"

    [third] = lives.sweep()
    assert (third.ics, third.message_id) == (second.ics, second.message_id)
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_who_leaves_before_the_invite_is_known_to_have_arrived_is_sent_a_cancellation(
    lives: Lives, otters: int, step: Step
) -> None:
    alice = lives.person("alice")
    lives.join(otters, alice)
    lives.sweep(step)
    lives.leave(otters, alice)

    assert sequences(lives.sweep()) == [("CANCEL", 1)]
    assert lives.shown("alice") == []
    assert is_settled(lives)

    lives.platform.update("groups_users", {"user_id": alice}, status="active", left_at=None)
    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_an_invite_that_was_never_answered_until_it_expired_is_made_good_by_an_update(
    lives: Lives, otters: int
) -> None:
    alice = lives.person("alice")
    lives.join(otters, alice)
    lives.sweep(LOST)
    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=False)
    lives.sweep(after=WEEK)

    lives.platform.update("users", {"user_id": alice}, email_notifications_enabled=True)

    assert sequences(lives.sweep()) == [("REQUEST", 1)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_an_update_without_an_answer_is_repeated_to_the_byte(lives: Lives, otters: int, alice: int, step: Step) -> None:
    move(lives, otters, 1, DAY)
    [first] = lives.sweep(step)

    [again] = lives.sweep()

    assert replace(again, step=first.step) == first
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_an_update_without_an_answer_is_followed_by_the_next_change(
    lives: Lives, otters: int, alice: int, step: Step
) -> None:
    move(lives, otters, 1, DAY)
    lives.sweep(step)
    move(lives, otters, 1, -DAY)

    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_who_leaves_after_an_update_without_an_answer_is_sent_a_cancellation(
    lives: Lives, otters: int, alice: int, step: Step
) -> None:
    move(lives, otters, 1, DAY)
    lives.sweep(step)
    lives.leave(otters, alice)

    assert sequences(lives.sweep()) == [("CANCEL", 2)]
    assert lives.shown("alice") == []
    assert is_settled(lives)


@pytest.mark.parametrize("email", ["alice@example.org", "alice2@example.org"])
@pytest.mark.parametrize("step", [LOST, ARRIVED])
def test_a_cancellation_without_an_answer_is_repeated_to_the_byte_where_the_series_is(
    lives: Lives, otters: int, alice: int, step: Step, email: str
) -> None:
    lives.leave(otters, alice)
    [first] = lives.sweep(step)
    lives.platform.update("users", {"user_id": alice}, email=email)

    [again] = lives.sweep()

    assert replace(again, step=first.step) == first
    assert lives.shown("alice") == []
    assert is_settled(lives)


def test_who_rejoins_by_another_address_after_a_cancellation_without_an_answer_is_cancelled_at_the_first(
    lives: Lives, otters: int, alice: int
) -> None:
    lives.leave(otters, alice)
    lives.sweep(LOST)
    lives.platform.update("users", {"user_id": alice}, email="alice2@example.org")
    lives.join(otters, alice)

    sent = [*lives.sweep(), *lives.sweep()]

    assert sorted((mail.to, mail.method, mail.sequence) for mail in sent) == [
        ("alice2@example.org", "REQUEST", 3),
        ("alice@example.org", "CANCEL", 2),
    ]
    assert lives.shown("alice") == []
    assert lives.shown("alice2") == lives.rows(otters)
    assert is_settled(lives)


def test_all_who_leave_in_one_minute_have_the_series_taken_out(lives: Lives, otters: int) -> None:
    people = [lives.person(f"member{number}") for number in range(24)]
    lives.join(otters, *people)
    lives.sweep()

    for number in range(0, len(people), 2):
        assert is_settled(lives)
        lives.leave(otters, people[number])
        lives.leave(otters, people[number + 1])
        assert sequences(lives.sweep()) == [("CANCEL", 1)] * 2


@pytest.mark.parametrize("step", [LOST, ARRIVED])
@pytest.mark.parametrize("anew", [True, False])
def test_who_rejoins_after_a_cancellation_without_an_answer_gets_the_series_back(
    lives: Lives, otters: int, alice: int, step: Step, anew: bool
) -> None:
    lives.leave(otters, alice)
    lives.sweep(step)
    if anew:
        lives.join(otters, alice)
    else:
        lives.platform.update("groups_users", {"user_id": alice}, status="active", left_at=None)

    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


def test_an_update_that_certainly_failed_is_made_again_of_the_meetings_as_they_are_then(
    lives: Lives, otters: int, alice: int
) -> None:
    move(lives, otters, 1, DAY)
    assert sequences(lives.sweep(DOWN)) == [("REQUEST", 1)]
    move(lives, otters, 2, DAY)
    assert sequences(lives.sweep(DOWN)) == [("REQUEST", 1)]
    lives.leave(otters, alice)

    assert sequences(lives.sweep()) == [("CANCEL", 1)]
    [row] = [row for row in lives.world.log() if "seq1" in row["notification_key"]]
    assert (row["reminder_type"], row["status"], row["attempts"]) == ("calendar_cancel", "delivered", 3)


def test_a_change_taken_back_before_its_update_went_out_is_no_update(lives: Lives, otters: int, alice: int) -> None:
    move(lives, otters, 1, DAY)
    lives.sweep(DOWN)
    move(lives, otters, 1, -DAY)
    assert is_settled(lives)


def test_an_update_refused_for_good_is_not_repeated_and_does_not_block_the_next(
    lives: Lives, otters: int, alice: int
) -> None:
    move(lives, otters, 1, DAY)
    assert sequences(lives.sweep(REFUSED)) == [("REQUEST", 1)]
    assert is_settled(lives)
    [told] = [found for found in verdict(lives, alice, "calendar_update") if found[0] == "failed"]
    assert told == ("failed", "the provider refused it as it is")

    move(lives, otters, 2, DAY)

    assert sequences(lives.sweep(LOST)) == [("REQUEST", 2)]
    assert sequences(lives.sweep(REFUSED)) == [("REQUEST", 2)]
    assert is_settled(lives)

    lives.platform.update("users", {"user_id": alice}, email="alice2@example.org")

    assert sequences(lives.sweep()) == [("REQUEST", 3)]
    assert lives.shown("alice2") == lives.rows(otters)
    assert is_settled(lives)


def test_a_cancellation_refused_for_good_is_not_repeated(lives: Lives, otters: int, alice: int) -> None:
    lives.leave(otters, alice)
    assert sequences(lives.sweep(REFUSED)) == [("CANCEL", 1)]
    assert is_settled(lives)

    lives.platform.update("users", {"user_id": alice}, email="alice2@example.org")
    assert sequences(lives.sweep()) == [("CANCEL", 2)]
    assert is_settled(lives)


def test_a_refused_invite_of_a_second_stay_is_not_repeated_as_an_update(lives: Lives, otters: int, alice: int) -> None:
    lives.leave(otters, alice)
    lives.sweep()
    lives.join(otters, alice)
    assert sequences(lives.sweep(REFUSED)) == [("REQUEST", 2)]
    assert is_settled(lives)

    move(lives, otters, 1, DAY)
    assert sequences(lives.sweep()) == [("REQUEST", 2)]
    assert lives.shown("alice") == lives.rows(otters)


def test_an_update_waits_for_the_invite_it_belongs_to(lives: Lives, otters: int) -> None:
    lives.join(otters, lives.person("alice"))
    lives.sweep(DOWN)
    move(lives, otters, 1, DAY)

    assert sequences(lives.sweep()) == [("REQUEST", 0)]
    assert lives.shown("alice") == lives.rows(otters)
    assert is_settled(lives)


# Several hosts


def test_hosts_that_sweep_at_once_send_each_version_once(lives: Lives, otters: int) -> None:
    people = [lives.person(f"member{n}") for n in range(4)]
    lives.join(otters, *people)
    lives.sweep()
    for _ in range(2):
        lives.now += PAUSE
        move(lives, otters, 1, timedelta(hours=1))
        lives.leave(otters, people[0])
        lives.join(otters, people[0])
        start = threading.Barrier(3)

        def run(start: threading.Barrier = start) -> None:
            start.wait()
            lives.run(warm=False)

        hosts = [threading.Thread(target=run) for _ in range(3)]
        for host in hosts:
            host.start()
        for host in hosts:
            host.join()

    lives.collect()
    versions = [(mail.uid, mail.sequence) for mail in lives.mails]
    assert len(versions) == len(set(versions)) == 4 * 3
    assert not lives.ignored()
    assert all(lives.shown(f"member{n}") == lives.rows(otters) for n in range(4))


def test_a_version_that_another_run_has_overtaken_is_not_sent(lives: Lives, otters: int, alice: int) -> None:
    [(member, _)] = table.of_groups(lives.world.connection, [otters], View(lives.now))
    first = replace(member.main, sequence=1)

    assert table.write(lives.world.connection, [first]) == {first.key}
    assert table.write(lives.world.connection, [replace(member.main, sequence=2)]) == frozenset()

    [(member, _)] = table.of_groups(lives.world.connection, [otters], View(lives.now))
    assert member.main.sequence == 1
    assert table.write(lives.world.connection, [replace(member.main, sequence=2)]) == {first.key}


def test_two_addresses_given_up_are_both_cancelled_at_in_one_sweep(lives: Lives, otters: int, alice: int) -> None:
    for address in ("second@example.org", "third@example.org"):
        lives.platform.update("users", {"user_id": alice}, email=address)
        lives.sweep(decide=lambda mail: DOWN if mail.method == "CANCEL" else TAKEN)

    gone = lives.sweep()

    assert {(mail.method, mail.to) for mail in gone} == {
        ("CANCEL", "alice@example.org"),
        ("CANCEL", "second@example.org"),
    }
    assert is_settled(lives)
    [former] = lives.world.connection.execute("select former_addresses from notify.calendars").fetchone() or [None]
    assert former == []


def test_who_leaves_while_a_former_address_waits_is_cancelled_at_both(lives: Lives, otters: int, alice: int) -> None:
    lives.platform.update("users", {"user_id": alice}, email="alice2@example.org")
    lives.sweep(decide=lambda mail: DOWN if mail.method == "CANCEL" else None)
    lives.leave(otters, alice)

    sent = lives.sweep()

    assert sorted((mail.to, mail.method, mail.sequence) for mail in sent) == [
        ("alice2@example.org", "CANCEL", 3),
        ("alice@example.org", "CANCEL", 1),
    ]
    assert lives.shown("alice") == lives.shown("alice2") == []
    assert is_settled(lives)


# On the wire


def test_the_request_to_sendgrid_carries_the_invite_as_a_part_and_as_an_attachment(
    lives: Lives, otters: int, alice: int
) -> None:
    lives.leave(otters, alice)
    lives.sweep()

    for mail, method in zip(lives.world.sendgrid.mails, ("REQUEST", "CANCEL"), strict=True):
        assert [part["type"] for part in mail["content"]] == [
            "text/plain",
            "text/html",
            f"text/calendar; method={method}",
        ]
        [attachment] = mail["attachments"]
        assert attachment["type"] == "application/ics"
        ics = mail["content"][2]["value"]
        assert base64.b64decode(attachment["content"]).decode() == ics
        assert f"\r\nMETHOD:{method}\r\n" in ics
        assert "\r\r\n" not in ics


def test_the_outbox_keeps_the_invite_as_an_alternative_of_the_text(lives: Lives, otters: int, tmp_path: Path) -> None:
    lives.join(otters, lives.person("alice"))
    lives.world.sweep(replace(lives.settings, outbox=tmp_path), now=lives.now, types=CALENDAR_TYPES)

    [path] = tmp_path.glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)

    alternative = mail if mail.get_content_type() == "multipart/alternative" else next(iter(mail.iter_parts()))
    assert alternative.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in alternative.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    calendar = list(alternative.iter_parts())[2]
    assert calendar.get_param("method") == "REQUEST"
    assert b"\r\nMETHOD:REQUEST\r\n" in calendar.get_payload(decode=True)
    assert any(part.get_content_type() == "application/ics" for part in mail.walk())
