"""When each rule speaks: from due_at on, to the second, until it is of no use any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from notify_cli import due
from notify_cli.due import Policy, Window
from tests.support.candidates import SECOND, find, keys, stamp
from tests.support.platform import Platform

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LESSONS: due.Lessons = {"*": {"1": ["intro", "goals"]}}


def a_meeting(platform: Platform) -> datetime:
    group = platform.group(members=[platform.person("alice")])
    starts_at = platform.now + timedelta(days=10)
    platform.meeting(group, starts_at)
    return starts_at


def a_welcome(platform: Platform) -> datetime:
    platform.enrolment(platform.person("alice"), at=platform.now)
    return platform.now


def an_assignment(platform: Platform) -> datetime:
    group = platform.group()
    platform.meeting(group, platform.now + timedelta(days=30))
    platform.member(group, platform.person("alice"), joined_at=platform.now)
    return platform.now


def a_trial(platform: Platform) -> datetime:
    platform.session(platform.person("alice"), "intro", started_at=platform.now)
    return platform.now


# rule, what it looks at (gives its time), due_at and useful_until from that time
WINDOWS = [
    ("welcome", a_welcome, timedelta(0), 72 * HOUR),
    ("group_assigned", an_assignment, timedelta(0), 7 * 24 * HOUR),
    ("meeting_reminder_24h", a_meeting, -24 * HOUR, -18 * HOUR),
    ("meeting_reminder_1h", a_meeting, -1 * HOUR, -40 * MINUTE),
    ("lesson_nudge_3d", a_meeting, -72 * HOUR, -48 * HOUR),
    ("lesson_nudge_1d", a_meeting, -24 * HOUR, -12 * HOUR),
    ("trial_nudge", a_trial, 24 * HOUR, 72 * HOUR),
]
each_rule = pytest.mark.parametrize(("rule", "make", "opens", "closes"), WINDOWS, ids=[row[0] for row in WINDOWS])

Make = Callable[[Platform], datetime]


@each_rule
def test_it_speaks_within_its_window_and_not_a_second_outside(
    draft: Platform, rule: str, make: Make, opens: timedelta, closes: timedelta
) -> None:
    anchor = make(draft)

    def speaks(at: datetime) -> bool:
        return bool(keys(draft, at, only=rule, lessons=LESSONS))

    assert not speaks(anchor + opens - SECOND)
    assert speaks(anchor + opens)
    assert speaks(anchor + closes - SECOND)
    assert not speaks(anchor + closes)


@each_rule
def test_it_knows_its_window(draft: Platform, rule: str, make: Make, opens: timedelta, closes: timedelta) -> None:
    anchor = make(draft)
    found = [candidate.delivery for candidate in find(draft, anchor + opens, only=rule, lessons=LESSONS)]
    assert {(one.due_at, one.useful_until) for one in found} == {(anchor + opens, anchor + closes)}


@each_rule
def test_a_window_does_not_depend_on_the_sessions_time_zone(
    draft: Platform, rule: str, make: Make, opens: timedelta, closes: timedelta
) -> None:
    # New York's clocks went forward on 8 March 2026: a calendar day of that zone is not always 24 hours.
    for now in (datetime(2026, 2, 26, 12, tzinfo=UTC), datetime(2026, 3, 7, 12, tzinfo=UTC)):
        with draft.connection.transaction(force_rollback=True):
            draft.connection.execute("set local time zone 'America/New_York'")
            anchor = make(Platform(draft.connection, now))
            assert not keys(draft, anchor + opens - SECOND, only=rule, lessons=LESSONS)
            assert keys(draft, anchor + opens, only=rule, lessons=LESSONS)
            assert keys(draft, anchor + closes - SECOND, only=rule, lessons=LESSONS)
            assert not keys(draft, anchor + closes, only=rule, lessons=LESSONS)


@each_rule
def test_a_key_does_not_depend_on_the_sessions_time_zone(
    draft: Platform, rule: str, make: Make, opens: timedelta, closes: timedelta
) -> None:
    anchor = make(draft)
    before = keys(draft, anchor + opens, only=rule, lessons=LESSONS)
    draft.connection.execute("set local time zone 'Asia/Kolkata'")
    assert keys(draft, anchor + opens, only=rule, lessons=LESSONS) == before != []


def test_nothing_is_due_between_the_windows_and_after_them(draft: Platform) -> None:
    starts_at = a_meeting(draft)
    told = [
        (before, {c.delivery.reminder_type for c in find(draft, starts_at - before, lessons=LESSONS)})
        for before in (73 * HOUR, 60 * HOUR, 30 * HOUR, 20 * HOUR, 15 * HOUR, 6 * HOUR, 50 * MINUTE, -MINUTE, -HOUR)
    ]
    assert told == [
        (73 * HOUR, set()),
        (60 * HOUR, {"lesson_nudge_3d"}),
        (30 * HOUR, set()),
        (20 * HOUR, {"meeting_reminder_24h", "lesson_nudge_1d"}),
        (15 * HOUR, {"lesson_nudge_1d"}),
        (6 * HOUR, set()),
        (50 * MINUTE, {"meeting_reminder_1h"}),
        (-MINUTE, set()),
        (-HOUR, set()),
    ]


def test_nobody_is_reminded_twice_at_once(draft: Platform) -> None:
    starts_at = a_meeting(draft)
    for pair in (("meeting_reminder_24h", "meeting_reminder_1h"), ("lesson_nudge_3d", "lesson_nudge_1d")):
        for hours in range(75):
            found = find(draft, starts_at - hours * HOUR, lessons=LESSONS, only=pair)
            assert len({c.delivery.reminder_type for c in found}) <= 1


def test_the_keys_are_the_documented_ones(draft: Platform) -> None:
    now, later = draft.now, draft.now + 22 * HOUR
    alice = draft.person("alice")
    group = draft.group()
    draft.member(group, alice, joined_at=now - 30 * HOUR)
    tomorrow, soon, friday = (draft.meeting(group, at) for at in (later, now + HOUR, now + 50 * HOUR))
    draft.enrolment(alice, at=now)
    bob = draft.person("bob")
    session = draft.session(bob, "intro", started_at=now - 30 * HOUR)
    lessons: due.Lessons = {"*": {"1": ["a"], "2": ["b"], "3": ["c"]}}
    assert keys(draft, lessons=lessons) == sorted(
        [
            f"user_{alice}_welcome/-/email/user_{alice}",
            f"user_{alice}_welcome/-/discord_dm/user_{alice}",
            f"group_{group}_assigned/20260203T060000Z/email/user_{alice}",
            f"group_{group}_assigned/20260203T060000Z/discord_dm/user_{alice}",
            f"meeting_{tomorrow}_reminder_24h/20260205T100000Z/email/user_{alice}",
            f"meeting_{tomorrow}_reminder_24h/20260205T100000Z/discord_channel/group_{group}",
            f"meeting_{tomorrow}_lesson_nudge_1d/20260205T100000Z/email/user_{alice}",
            f"meeting_{tomorrow}_lesson_nudge_1d/20260205T100000Z/discord_dm/user_{alice}",
            f"meeting_{soon}_reminder_1h/20260204T130000Z/email/user_{alice}",
            f"meeting_{soon}_reminder_1h/20260204T130000Z/discord_channel/group_{group}",
            f"meeting_{friday}_lesson_nudge_3d/20260206T140000Z/email/user_{alice}",
            f"meeting_{friday}_lesson_nudge_3d/20260206T140000Z/discord_dm/user_{alice}",
            f"trial_{session}_nudge/-/email/user_{bob}",
            f"trial_{session}_nudge/-/discord_dm/user_{bob}",
        ]
    )


def test_what_is_useful_for_the_shortest_time_goes_first(draft: Platform) -> None:
    now = draft.now
    alice = draft.person("alice")
    group = draft.group(members=[alice])
    draft.enrolment(alice, at=now)
    for at in (now + 20 * HOUR, now + HOUR, now + 60 * HOUR):
        draft.meeting(group, at)
    found = find(draft, lessons={"*": {"1": ["a"], "2": ["b"], "3": ["c"]}})
    until = [c.delivery.useful_until for c in found]
    assert until == sorted(until)
    assert [c.delivery.reminder_type for c in found][:2] == ["meeting_reminder_1h"] * 2
    assert [c.delivery.reminder_type for c in found][-2:] == ["welcome"] * 2


def test_a_moved_meeting_is_due_again_and_an_unmoved_one_never_twice(draft: Platform) -> None:
    group = draft.group(members=[draft.person("alice")])
    first = draft.now + 24 * HOUR
    meeting = draft.meeting(group, first)
    due_now = keys(draft)
    for key in due_now:
        draft.log_row(notification_key=key, job_id=key.split("/")[0], delivery_status="delivered", sent_at=draft.now)
    assert len(due_now) == 2
    assert keys(draft) == []
    second = first + HOUR
    draft.move(meeting, second)
    assert keys(draft) == []
    assert keys(draft, draft.now + HOUR) == [key.replace(stamp(first), stamp(second)) for key in due_now]
    draft.move(meeting, first)
    assert keys(draft) == []


def test_a_meeting_moved_into_the_window_is_due_at_once(draft: Platform) -> None:
    group = draft.group(members=[draft.person("alice")])
    meeting = draft.meeting(group, draft.now + timedelta(days=6))
    assert keys(draft) == []
    draft.move(meeting, draft.now + 45 * MINUTE)
    assert {key.split("/")[0] for key in keys(draft)} == {f"meeting_{meeting}_reminder_1h"}


def test_a_deleted_meeting_is_not_due(draft: Platform) -> None:
    group = draft.group(members=[draft.person("alice")])
    meeting = draft.meeting(group, draft.now + 24 * HOUR)
    draft.delete("meetings", meeting_id=meeting)
    assert keys(draft) == []


def test_the_clock_is_the_databases_unless_a_time_is_given(draft: Platform) -> None:
    row = draft.connection.execute("select now()").fetchone()
    assert row is not None
    group = draft.group(members=[draft.person("alice")])
    meeting = draft.meeting(group, row[0] + 24 * HOUR)
    found = due.find(draft.connection, Window(), Policy())
    assert {c.delivery.job_id for c in found} == {f"meeting_{meeting}_reminder_24h"}


def test_upcoming_looks_ahead_as_far_as_it_is_asked_to(draft: Platform) -> None:
    starts_at = a_meeting(draft)  # in ten days

    def ahead(days: int) -> set[str]:
        window = Window(now=draft.now, within=timedelta(days=days))
        found = find(draft, lessons=LESSONS, window=window, verdicts=("will_send", "not_due_yet"))
        return {c.delivery.reminder_type for c in found}

    assert ahead(6) == set()
    assert ahead(8) == {"lesson_nudge_3d"}
    assert ahead(10) == {"lesson_nudge_3d", "lesson_nudge_1d", "meeting_reminder_24h", "meeting_reminder_1h"}
    assert starts_at == draft.now + timedelta(days=10)


def test_an_assignment_is_due_at_the_later_of_joining_and_the_first_meeting(draft: Platform) -> None:
    now = draft.now
    group, alice = draft.group(), draft.person("alice")
    draft.member(group, alice, joined_at=now - timedelta(days=20))
    assert keys(draft) == []
    draft.meeting(group, now + timedelta(days=20), created_at=now - timedelta(days=1))
    draft.meeting(group, now + timedelta(days=27), created_at=now)
    found = find(draft)
    assert {c.delivery.due_at for c in found} == {now - timedelta(days=1)}
    assert {c.delivery.occurrence for c in found} == {stamp(now - timedelta(days=20))}
    assert keys(draft, now + timedelta(days=6) - SECOND)
    assert not keys(draft, now + timedelta(days=6))


def test_downtime_sends_what_is_still_useful_and_nothing_stale(draft: Platform) -> None:
    now = draft.now
    alice = draft.person("alice")
    group = draft.group(members=[alice])
    draft.meeting(group, now - HOUR)
    draft.meeting(group, now + 10 * MINUTE)
    draft.meeting(group, now + 19 * HOUR)
    draft.enrolment(alice, at=now - timedelta(days=4))
    assert {c.delivery.reminder_type for c in find(draft)} == {"meeting_reminder_24h"}
