"""`doctor` names single rows that cost a message, and groups to which nothing can go out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import db, doctor
from notify_cli.check import Check
from notify_cli.platform import schema
from tests.support.world import World


def rows(world: World, check: str = "rows") -> list[Check]:
    return [found for found in doctor.examine(world.settings()) if found.check == check]


def test_where_all_rows_can_be_used_it_says_so(world: World) -> None:
    group = world.platform.group(members=world.platform.people("alice"))
    world.meeting_in(group, hours=23)
    assert rows(world) == [Check("rows", True, "all can be used", None)]
    assert rows(world, "groups") == []


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "9999-12-31 23:59:59+00"])
def test_a_meeting_at_no_time_is_named(world: World, moment: str) -> None:
    meeting = world.platform.row("meetings", group_id=world.platform.group(), scheduled_time_utc=moment)
    [found] = rows(world)
    assert found.ok
    assert found.detail == f"meeting {meeting}: it has no time that a calendar can hold: it is no meeting"
    assert found.fix


def test_a_length_that_is_none_is_named_and_quoted_nowhere(world: World) -> None:
    world.connection.execute("alter table meetings add duration_minutes text, add meeting_number numeric")
    group = world.platform.group()
    one, _, two = (
        world.platform.meeting(group, world.now, duration_minutes=minutes, meeting_number=number)
        for minutes, number in [("tbd", "NaN"), ("60", 1), ("35791395", None)]
    )
    details = [found.detail for found in rows(world)]
    assert details == [
        f"meeting {one}, {two}: its duration_minutes is no number that can be used: the default stands in",
        f"meeting {one}: its meeting_number is no number that can be used: the default stands in",
    ]


def test_a_link_that_is_no_web_address_is_named_and_quoted_nowhere(world: World) -> None:
    world.connection.execute("alter table meetings add join_url text")
    group = world.platform.group()
    odd, _ = (
        world.platform.meeting(group, world.now + timedelta(days=1), join_url=url)
        for url in ("javascript:alert(1)", "https://meet.example.org/x")
    )
    [found] = rows(world)
    assert found.detail == f"meeting {odd}: its join_url is no web address: messages and invites go out without it"


def test_people_whose_time_zone_is_none_are_counted(world: World) -> None:
    for name, zone in [("alice", " Europe/Berlin "), ("bob", "europe/berlin"), ("carol", None), ("dave", " ")]:
        world.platform.person(name, timezone=zone)
    assert rows(world, "time zones") == [], "blanks and letter case do not matter, and none is no wrong one"
    world.platform.person("erin", timezone="Berlin, I think")
    [found] = rows(world, "time zones")
    assert found.detail == "1 person has one that is unknown: their times are told in UTC"
    world.platform.person("frank", timezone="UTC+25")
    [found] = rows(world, "time zones")
    assert found.detail.startswith("2 people have one that is unknown")


def test_of_many_rows_a_few_are_named(world: World) -> None:
    group = world.platform.group()
    for _ in range(7):
        world.platform.row("meetings", group_id=group, scheduled_time_utc="infinity")
    [found] = rows(world)
    assert found.detail.startswith("meeting 1, 2, 3, 4, 5 and 2 more: ")


def test_infinite_times_in_other_tables_are_named(world: World) -> None:
    alice = world.platform.person("alice")
    group = world.platform.group()
    world.platform.row("groups_users", user_id=alice, group_id=group, joined_at="infinity")
    world.platform.row("courses_users", user_id=alice, course_id=1, created_at="-infinity")
    session = world.platform.row("lesson_sessions", user_id=alice, lesson_id="l", started_at="infinity")
    meeting = world.platform.row("meetings", group_id=group, scheduled_time_utc=world.now, created_at="infinity")
    assert {found.detail for found in rows(world)} == {
        f"member user {alice} of group {group}: joined_at or left_at is infinite",
        f"enrolment of user {alice}: enrolled_at is infinite",
        f"lesson session {session}: started_at or completed_at is infinite",
        f"meeting {meeting}: its created_at is infinite",
    }


def test_rows_of_own_views_are_looked_at_too(world: World, tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    text = (Path(schema.__file__).parent / "views.sql").read_text(encoding="utf-8")
    text = text.replace("as name,\n", "as given, nullif(u.nickname, 'bob') as name,\n", 1)
    text = text.replace("where m.scheduled_time_utc > '1900-01-01 00:00:00+00' and", "where true or")
    text = text.replace(") then substring(to_jsonb(m) ->> 'duration_minutes'", ") or true then substring('35791395'")
    text = text.replace("'^ *([0-9]{1,4}", "'^ *([0-9]{1,9}")
    views.write_text(text.partition("-- Rows that are passed over above")[0], encoding="utf-8")
    world.connection.execute("drop view notify.unusable")
    with db.connect(world.url) as connection:
        schema.create(connection, views)
    bob = world.platform.person("bob")
    world.platform.row("meetings", group_id=world.platform.group(), scheduled_time_utc="infinity")
    assert [found.detail for found in rows(world)] == [
        "meeting 1: it has no time that a calendar can hold",
        "meeting 1: its length is not between 0 minutes and 7 days",
        f'person {bob}: the name is empty: messages say "there"',
    ]


def test_a_row_of_the_log_that_waits_for_nothing_is_named(world: World) -> None:
    row = world.platform.log_row(
        notification_key="a/-/email/user_1", delivery_status="pending", due_at=world.now,
        useful_until=world.now + timedelta(days=1),
    )  # fmt: skip
    assert [found.detail for found in rows(world)] == [
        f"row of the log {row}: it waits, and says not for which job, when or until when"
    ]


def test_active_groups_that_do_not_meet_are_counted(world: World) -> None:
    world.platform.group("Otters")
    assert [found.detail for found in rows(world, "groups")] == ["1 active group has no meeting to come"]
    past = world.platform.group("Falcons")
    world.meeting_in(past, hours=-1)
    world.platform.group("Herons", status="cancelled")
    world.meeting_in(world.platform.group("Badgers"), hours=1)
    assert [found.detail for found in rows(world, "groups")] == ["2 active groups have no meeting to come"]


def test_a_type_that_nothing_uses_is_named(world: World) -> None:
    world.connection.execute("create schema types; alter type delivery_status set schema types")
    world.connection.execute("create type delivery_status as enum ('pending')")
    told = [found.detail for found in rows(world, "log") if found.fix]
    assert told == ["the type public.delivery_status is used by no column, and not by the log"]


def test_indexes_that_init_db_cannot_make_are_not_asked_for(world: World, tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    text = (Path(schema.__file__).parent / "views.sql").read_text(encoding="utf-8")
    views.write_text(text.replace("from meetings m", "from calls m").replace("'meetings'", "'calls'"), encoding="utf-8")
    with db.connect(world.url) as connection:
        schema.drop_views(connection)
        connection.execute("alter table meetings rename to calls")
        for index in ("notify_meetings_scheduled_time_idx", "notify_meetings_group_idx"):
            connection.execute(f"drop index {index}".encode())
        schema.create(connection, views)
    assert [found.detail for found in rows(world, "log")] == ["ready, with its indexes"]


@pytest.mark.parametrize("name", ["", " ", "\u00a0", "\u200b\u2060", "\u3164", "\ufe0f"])
def test_a_group_in_whose_name_nobody_sees_anything_is_named(world: World, name: str) -> None:
    alice = world.platform.person("alice")
    group = world.platform.group(name, members=[alice])
    for seen in ("Otters", "水獺", "!", "🦦"):
        world.platform.group(seen, members=[alice])
    [found] = rows(world)
    assert found.ok
    assert found.detail == f'group {group}: the name is empty: messages say "your study group"'
