"""Bad rows in the platform's tables: whatever they hold, they never stop the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notify_cli import db, log
from tests.support.fakes.http import Request
from tests.support.world import World

HOUR = timedelta(hours=1)


def _person(nickname: str = "mallory", **columns: Any) -> Callable[[World, int], None]:
    """Somebody in the group that has a reminder due."""
    return lambda world, group: _done(world.platform.member(group, world.platform.person(nickname, **columns)))


def _newcomer(nickname: str = "mallory", **columns: Any) -> Callable[[World, int], None]:
    """Somebody to be welcomed by email and DM."""
    return lambda world, group: _done(
        world.platform.enrolment(world.platform.person(nickname, **columns), at=world.now - HOUR)
    )


def _group(name: str = "Badgers", **columns: Any) -> Callable[[World, int], None]:
    """Another group that has a reminder due."""

    def poison(world: World, group: int) -> None:
        other = world.platform.group(name, members=world.platform.people("mallory"), **columns)
        world.meeting_in(other, hours=23)

    return poison


def _done(_: int) -> None:
    """A row is there."""


def _time(table: str, column: str, value: str) -> Callable[[World, int], None]:
    """One more row of this table, about the very group that has something due, with an absurd time in it."""

    def poison(world: World, group: int) -> None:
        mallory = world.platform.person("mallory")
        row = {
            "meetings": lambda: world.meeting_in(group, hours=50),
            "groups_users": lambda: world.platform.member(group, mallory),
            "courses_users": lambda: world.platform.enrolment(mallory),
            "lesson_sessions": lambda: world.platform.session(mallory, "intro", started_at=world.now - 25 * HOUR),
        }[table]()
        key = {"meetings": "meeting_id", "groups_users": "group_user_id", "courses_users": "course_user_id"}
        world.platform.update(table, {key.get(table, "session_id"): row}, **{column: value})

    return poison


ABSURD = ("infinity", "-infinity", "20000-01-01 00:00+00", "294276-12-31 23:59+00", "4713-01-01 00:00+00 BC")
TIMES = {
    f"{table}.{column} = {value}": _time(table, column, value)
    for table, column in (
        ("meetings", "scheduled_time_utc"),
        ("meetings", "created_at"),
        ("groups_users", "joined_at"),
        ("courses_users", "created_at"),
        ("lesson_sessions", "started_at"),
    )
    for value in ABSURD
}
POISONS: dict[str, Callable[[World, int], None]] = {
    "a name of control characters": _person(nickname="\x01\x02\x1b[31m\r\nBcc: eve@example.org\x7f"),
    "a name that looks like NUL": _person(nickname="\\0 \\u0000 %00 \u2400 \ufffe"),
    "a name of right-to-left marks": _person(nickname="\u202e@everyone\u2066 {name} {0} %s"),
    "an empty name": _person(nickname=""),
    "an address no server accepts": _person(email="mallory@@nowhere;<>"),
    "an address of blanks": _person(email="  "),
    "an address with a line break": _person(email="mallory@example.org\r\nBcc: eve@example.org"),
    "an endless address": _person(email="m" * 5000 + "@example.org"),
    "a zone that does not exist": _person(timezone="Mars/Olympus_Mons"),
    "a zone that is a path": _person(timezone="../../../etc/passwd"),
    "a zone that is a folder": _person(timezone="Europe"),
    "an endless zone": _person(timezone="Europe/" + "x" * 5000),
    "a Discord id that is a path": _newcomer(discord_id="../../users/@me"),
    "a Discord id that is a name": _newcomer(discord_id="mallory#1234"),
    "an endless name": _newcomer(nickname="x" * 100_000),
    "a group name of 3,000 characters": _group(name="G" * 3000),
    "a group name of emoji": _group(name="🦦" * 1500),
    "a channel that is none": _group(channel="general"),
    "an empty channel": _group(channel=" "),
}


def healthy(world: World) -> int:
    """A group of two with a reminder due now, and one of them new to it."""
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now - HOUR)
    group = world.platform.group("Otters", members=[bob], channel="900")
    world.platform.member(group, alice, joined_at=world.now - 30 * HOUR)
    world.meeting_in(group, hours=23)
    return group


def assert_others_are_served(world: World, name: str) -> None:
    summary = world.sweep()
    assert summary.due == summary.delivered + summary.failed + summary.retrying + summary.cancelled + summary.left, name
    assert not [fault for fault in summary.faults if "database" in fault or "unexpected" in fault], (
        name,
        summary.faults,
    )
    inboxes = world.inboxes()
    # A welcome, an assignment and a reminder; the reminder.
    assert inboxes.count("alice@example.org") == 3, name
    assert inboxes.count("bob@example.org") >= 1, name
    assert "900" in {message["channel_id"] for message in world.discord.messages}, name
    assert not world.sendgrid.invalid or "mallory" in str(world.sendgrid.invalid), name


@pytest.mark.parametrize("names", [list(POISONS)[start::2] for start in range(2)], ids=lambda names: f"{names[0]}, ...")
def test_a_poisoned_person_or_group_stops_nobody(world: World, names: list[str]) -> None:
    group = healthy(world)
    for name in names:
        POISONS[name](world, group)
    assert_others_are_served(world, str(names))


@pytest.mark.parametrize("names", [list(TIMES)[start::2] for start in range(2)], ids=lambda names: f"{names[0]}, ...")
def test_an_absurd_time_stops_nobody(world: World, names: list[str]) -> None:
    group = healthy(world)
    for name in names:
        TIMES[name](world, group)
    assert_others_are_served(world, str(names))


def test_a_huge_course_stops_nobody(world: World, tmp_path: Path) -> None:
    lessons = "\n".join(f'  - {{lesson: lesson-{n}, title: "{"Very " * 40}long {n}"}}' for n in range(3000))
    course = tmp_path / "course.yaml"
    course.write_text(f"slug: huge\ntitle: AI Safety\nprogression:\n{lessons}\n  - meeting: 1\n", encoding="utf-8")
    alice = world.platform.person("alice")
    world.meeting_in(world.platform.group("Otters", members=[alice], channel="900"), hours=23)

    summary = world.sweep(world.settings(NOTIFY_COURSES=str(course)))

    assert world.inboxes().count("alice@example.org") == 2, "the reminder and the nudge"
    assert len(world.discord.messages) >= 1
    assert (summary.exit_code, summary.left) == (0, 0)
    assert not world.discord.invalid


def test_what_postgresql_cannot_store_is_recorded_without_it(world: World) -> None:
    """A message from a template may hold what JSON and Discord take but a text column does not."""
    alice = world.platform.person("alice")
    world.meeting_in(world.platform.group("Otters", members=[alice], channel=None), hours=23)
    world.sweep()
    [row] = world.log()
    world.platform.update("reminders_log", {"reminder_id": row["reminder_id"]}, claim_token="0" * 32)
    from uuid import UUID

    outcome = log.Outcome(
        row["reminder_id"], "delivered", message="a\0b\ud800c", context={"k\0": ["\ud83d", {"x": "\0"}]}
    )
    assert log.record(world.connection, [outcome], token=UUID(int=0)) == 1
    assert world.log()[0]["message"] == "ab?c"


def test_a_row_that_the_log_refuses_stops_no_other_and_is_told(world: World) -> None:
    """As if somebody had put a constraint of their own on the platform's table."""
    people = world.platform.people("alice", "mallory", "carol")
    world.meeting_in(world.platform.group("Otters", members=people, channel=None), hours=23)
    world.connection.execute(
        "alter table reminders_log add constraint picky check (message not like '%mallory%'),"
        f" add constraint pickier check (notification_key not like '%/user_{people[0]}')".encode()
    )

    first, second = world.sweep(), world.sweep()

    assert sorted(world.inboxes()) == ["carol@example.org", "mallory@example.org"], "sent once, though not as told"
    assert (first.due, first.delivered, first.left, first.exit_code) == (3, 2, 1, 75)
    assert "violates check constraint" in first.faults[0]
    assert (second.due, second.left) == (1, 1)


def test_a_person_deleted_at_the_last_moment_stops_nobody(world: World) -> None:
    people = world.platform.people(*(f"member{n}" for n in range(30)))
    world.meeting_in(world.platform.group("Otters", members=people, channel=None), hours=23)

    def delete(request: Request) -> None:
        with db.connect(world.url) as connection:
            connection.execute("delete from groups_users where user_id = %s", [people[-1]])
            mine = "select from reminder_recipients_log r where r.user_id = u.user_id"
            connection.execute(f"delete from users u where user_id = %s and not exists ({mine})".encode(), [people[-1]])

    world.sendgrid.script(delete)
    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1"))
    assert (summary.delivered, summary.cancelled, summary.exit_code) == (29, 1, 0)
