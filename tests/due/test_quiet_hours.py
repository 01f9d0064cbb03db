"""Nothing personal goes out at night that can wait: it goes the evening before if it was known, else in the morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notify_cli import due, keys
from notify_cli.due import Candidate, Window, timing
from tests.support.candidates import find
from tests.support.paths import MESSAGES
from tests.support.platform import Platform
from tests.support.shell import Shell
from tests.support.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LESSONS = {"*": {"1": ["intro"]}}
NIGHT = "22:00-07:00"
# A meeting on Saturday at 03:00 in Berlin: three days before is Wednesday, 4 February, at the same hour.
MEETING = datetime(2026, 2, 7, 2, 0, tzinfo=UTC)
AT_NIGHT = MEETING - 3 * DAY
EVENING = datetime(2026, 2, 3, 20, 30, tzinfo=UTC)
MORNING = datetime(2026, 2, 4, 6, 0, tzinfo=UTC)


@pytest.fixture
def alice(draft: Platform) -> int:
    """In Berlin, in a group that has this meeting since long ago."""
    alice = draft.person("alice", timezone="Europe/Berlin")
    draft.meeting(draft.group(members=[alice]), MEETING, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    return alice


def nudge(draft: Platform, at: datetime, person: int, quiet: str = NIGHT) -> Candidate:
    """The nudge by email three days before, as a sweep at that time sees it."""
    window = Window(at, within=due.EVER, since=due.EVER, user_ids=[person])
    found = find(
        draft, only="lesson_nudge_3d", lessons=LESSONS, window=window, verdicts=None, free_only=False, quiet=quiet
    )
    return next(one for one in found if one.delivery.method == "email")


def goes_out(draft: Platform, at: datetime, person: int, quiet: str = NIGHT) -> bool:
    """Whether a sweep at that time sends it."""
    found = find(draft, at, only="lesson_nudge_3d", lessons=LESSONS, quiet=quiet)
    return any(one.delivery.user_id == person for one in found)


def test_what_is_due_at_night_goes_out_half_an_hour_before_it(draft: Platform, alice: int) -> None:
    assert not goes_out(draft, EVENING - timedelta(seconds=1), alice)
    assert goes_out(draft, EVENING, alice)
    found = nudge(draft, EVENING - HOUR, alice)
    assert (found.verdict, found.delivery.due_at, found.delivery.moved_from) == ("not_due_yet", EVENING, AT_NIGHT)


def test_without_the_setting_it_goes_out_at_its_time(draft: Platform, alice: int) -> None:
    assert not goes_out(draft, EVENING, alice, quiet="")
    assert goes_out(draft, AT_NIGHT, alice, quiet="")
    assert nudge(draft, EVENING, alice, quiet="").delivery.moved_from is None


def test_an_evening_that_was_missed_is_made_up_for_in_the_morning(draft: Platform, alice: int) -> None:
    for at in (EVENING + 31 * MINUTE, AT_NIGHT, MORNING - MINUTE):
        assert not goes_out(draft, at, alice)
        assert nudge(draft, at, alice).delivery.due_at == MORNING
    assert goes_out(draft, MORNING, alice)


@pytest.mark.parametrize("what", ["meeting", "membership", "type"])
def test_what_was_not_known_by_the_evening_goes_out_in_the_morning(draft: Platform, alice: int, what: str) -> None:
    late = EVENING + MINUTE
    if what == "meeting":
        draft.connection.execute("update meetings set created_at = %s", [late])
    elif what == "membership":
        draft.connection.execute("update groups_users set joined_at = %s", [late])
    else:
        draft.connection.execute("update notify.since set since = %s where reminder_type = 'lesson_nudge_3d'", [late])
    assert not goes_out(draft, EVENING, alice)
    assert not goes_out(draft, AT_NIGHT, alice)
    assert goes_out(draft, MORNING, alice)


def test_a_signup_at_night_is_welcomed_in_the_morning(draft: Platform) -> None:
    bob = draft.person("bob", timezone="Europe/Berlin")
    draft.enrolment(bob, at=AT_NIGHT)
    [email] = [
        one.delivery
        for one in find(draft, window=Window(AT_NIGHT, within=DAY), verdicts=None, quiet=NIGHT, only="welcome")
        if one.delivery.method == "email"
    ]
    assert (email.due_at, email.moved_from) == (MORNING, AT_NIGHT)


def test_a_reminder_an_hour_before_and_posts_do_not_move(draft: Platform, alice: int) -> None:
    found = find(draft, MEETING - HOUR, only="meeting_reminder_1h", quiet=NIGHT)
    assert {one.delivery.method for one in found} == {"email", "discord_channel"}
    found = find(draft, MEETING - DAY, only="meeting_reminder_24h", quiet=NIGHT)
    assert {one.delivery.method for one in found} == {"discord_channel"}


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "Europe/Berlin ", "UTC+25", "\\", "x" * 3000])
def test_a_zone_that_is_none_is_utc_and_nobody_waits_for_it(draft: Platform, alice: int, zone: str | None) -> None:
    draft.update("users", {"user_id": alice}, timezone=zone)
    assert nudge(draft, EVENING, alice, quiet="01:00-05:00").delivery.due_at == datetime(2026, 2, 4, 0, 30, tzinfo=UTC)


def test_what_is_not_useful_in_the_morning_goes_out_at_its_time(draft: Platform, alice: int) -> None:
    draft.connection.execute("update meetings set created_at = %s", [MEETING - DAY])
    found = find(draft, MEETING - DAY, only="meeting_reminder_24h", quiet="20:00-15:00")
    assert sorted((one.delivery.method.value, one.delivery.moved_from) for one in found) == [
        ("discord_channel", None),
        ("email", None),
    ]


def test_what_is_late_is_not_sent_at_night_either(draft: Platform) -> None:
    bob = draft.person("bob", timezone="Europe/Berlin")
    draft.enrolment(bob, at=EVENING - 3 * HOUR)
    assert find(draft, EVENING, only="welcome", quiet=NIGHT)
    assert not find(draft, AT_NIGHT, only="welcome", quiet=NIGHT)
    assert find(draft, MORNING, only="welcome", quiet=NIGHT)
    # what was due as the hours began is no delay
    draft.update("courses_users", {"user_id": bob}, created_at=EVENING + 29 * MINUTE)
    assert find(draft, EVENING + 30 * MINUTE, only="welcome", quiet=NIGHT)


ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Mars/Olympus",
    None,
]
# A weekend of each change of clocks in these zones, and one without.
WEEKENDS = [
    date(2026, 3, 28),
    date(2026, 10, 24),
    date(2026, 3, 7),
    date(2026, 10, 31),
    date(2026, 4, 4),
    date(2026, 6, 6),
]


@dataclass(frozen=True)
class Reader:
    """Somebody with a meeting, or newly signed up, at this time."""

    zone: str | None
    at: datetime
    known_before: timedelta


@st.composite
def readers(draw: st.DrawFn) -> Reader:
    day = datetime.combine(draw(st.sampled_from(WEEKENDS)), time(), tzinfo=UTC)
    at = day + timedelta(minutes=draw(st.integers(0, 4 * 24 * 60)))
    known = timedelta(hours=draw(st.sampled_from([1, 20, 30, 80, 2000])))
    return Reader(draw(st.sampled_from(ZONES)), at, known)


minutes_of_day = st.integers(0, 24 * 4 - 1).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")


@st.composite
def sends_of(draw: st.DrawFn) -> str:
    """When a type of the staff's own goes out."""
    first = draw(st.integers(2, 60))
    length = draw(st.integers(1, 30))
    kind = draw(st.sampled_from(["before the meeting", "after the meeting", "after joining", "after signup"]))
    last = first - min(length, first - 1) if kind.startswith("before") else first + length
    return f"{{when: {first} hours {kind}, until: {last} hours {kind}}}"


sends = sends_of()


def is_quiet(at: datetime, zone: str | None, hours: str) -> bool:
    """Whether the reader's clock is within the hours."""
    known = ZoneInfo(zone) if zone and zone != "Mars/Olympus" else UTC
    clock = at.astimezone(known).strftime("%H:%M")
    begins, ends = hours.split("-")
    return begins <= clock < ends if begins < ends else clock >= begins or clock < ends


nights = given(
    people=st.lists(readers(), min_size=6, max_size=6),
    begins=minutes_of_day,
    ends=minutes_of_day,
    declared=st.lists(sends, min_size=2, max_size=2),
)


def each_goes_out_when_it_was_announced_and_not_at_night(
    draft: Platform, tmp_path: Path, people: list[Reader], begins: str, ends: str, declared: list[str]
) -> None:
    hours = f"{begins}-{ends}"
    span = (datetime.strptime(ends, "%H:%M") - datetime.strptime(begins, "%H:%M")) % DAY  # noqa: DTZ007
    if not timedelta(0) < span <= 20 * HOUR:
        return
    sections = "".join(f"\nown_{n}:\n  send: {send}\n  discord: Hello\n" for n, send in enumerate(declared))
    (tmp_path / "messages.yaml").write_text(MESSAGES.read_text(encoding="utf-8") + sections, encoding="utf-8")
    types = timing.read(tmp_path / "messages.yaml")
    assert types.faults == ()
    with draft.connection.transaction(force_rollback=True):
        draft.connection.execute("insert into notify.since values ('own_0', now()), ('own_1', now())")
        draft.connection.execute("delete from meetings")
        draft.connection.execute("delete from courses_users")
        zones, cohort = {}, draft.cohort()
        for number, reader in enumerate(people):
            person = draft.person(f"p{number}", timezone=reader.zone)
            zones[person] = reader.zone
            group = draft.group(cohort=cohort)
            draft.member(group, person, joined_at=reader.at - reader.known_before)
            draft.meeting(group, reader.at, created_at=reader.at - reader.known_before)
            draft.enrolment(person, at=reader.at)
        start = min(reader.at for reader in people) - 90 * DAY
        draft.connection.execute("update notify.since set since = '2026-01-01'")
        announced = {
            one.delivery.notification_key: one.delivery
            for one in find(
                draft,
                lessons=LESSONS,
                window=Window(start, within=due.EVER),
                verdicts=["not_due_yet"],
                quiet=hours,
                timing=types,
            )
            if one.delivery.user_id and one.delivery.reminder_type != "group_assigned"
        }
        assert announced
        for delivery in announced.values():
            at, own = delivery.due_at, delivery.moved_from or delivery.due_at
            assert at < delivery.useful_until
            # a moved one is outside the hours, the others either are or cannot be
            if delivery.moved_from is not None:
                assert is_quiet(own, zones[delivery.user_id or 0], hours)
                assert not is_quiet(at, zones[delivery.user_id or 0], hours)
            elif is_quiet(own, zones[delivery.user_id or 0], hours):
                ends_at = next(
                    own + step * MINUTE
                    for step in range(24 * 60)
                    if not is_quiet(own + step * MINUTE, zones[delivery.user_id or 0], hours)
                )
                starts_at = keys.time_of(delivery.occurrence) if delivery.meeting_id else None
                near = starts_at is not None and timedelta(0) <= starts_at - own <= 3 * HOUR
                assert near or ends_at >= delivery.useful_until - 90 * MINUTE
        for at in sorted({delivery.due_at for delivery in announced.values()})[:8]:
            there, before = (
                {one.delivery.notification_key for one in find(draft, now, lessons=LESSONS, quiet=hours, timing=types)}
                for now in (at, at - MINUTE)
            )
            starting = {key for key, delivery in announced.items() if delivery.due_at == at}
            assert starting <= there
            assert not starting & before


SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(SHARED, max_examples=5)
@nights
def test_each_message_goes_out_when_it_was_announced_and_not_at_night(
    draft: Platform, tmp_path: Path, people: list[Reader], begins: str, ends: str, declared: list[str]
) -> None:
    each_goes_out_when_it_was_announced_and_not_at_night(draft, tmp_path, people, begins, ends, declared)


@pytest.mark.slow
@settings(SHARED, max_examples=60)
@nights
def test_so_does_each_on_many_nights(
    draft: Platform, tmp_path: Path, people: list[Reader], begins: str, ends: str, declared: list[str]
) -> None:
    each_goes_out_when_it_was_announced_and_not_at_night(draft, tmp_path, people, begins, ends, declared)


def test_staff_see_why_and_when(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shell = Shell(world, monkeypatch, capsys)
    (tmp_path / "course.yaml").write_text("progression: [{lesson: intro}, {meeting: 1}]\n")
    hour = (world.now + 26 * HOUR).hour  # when a meeting in three days and 26 hours has its nudge
    quiet = {
        "NOTIFY_QUIET_HOURS": f"{(hour - 2) % 24:02}:00-{(hour + 2) % 24:02}:00",
        "NOTIFY_COURSES": str(tmp_path / "course.yaml"),
    }
    alice = world.platform.person("alice", timezone="UTC")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=72 + 26)
    due_at = (world.now + 26 * HOUR).replace(minute=0, second=0) - 2 * HOUR - 30 * MINUTE
    told = shell("explain", "--user", alice, "--meeting", meeting, "--json", **quiet).json
    [nudge] = [line for line in told if line["rule"] == "lesson_nudge_3d"]
    assert datetime.fromisoformat(nudge["due_at"]) == due_at
    assert "moved before the night from" in nudge["reason"]
    coming = shell("upcoming", "--within", "2d", "--json", **quiet).json
    assert {datetime.fromisoformat(one["due_at"]) for one in coming if one["user_id"] == alice} == {due_at}
    assert "moved_from" in shell("upcoming", "--within", "2d", "--all", **quiet).out
