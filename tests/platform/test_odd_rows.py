"""One odd row of the platform costs its own message at most: everybody else's go out, sweep after sweep."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import db
from notify_cli.platform import schema
from tests.support.shell import Shell
from tests.support.world import World

MEETING = "insert into meetings (group_id, scheduled_time_utc, created_at) values (1, {}, now())"
ODD = {
    "a meeting at infinity": [MEETING.format("'infinity'")],
    "a meeting at minus infinity": [MEETING.format("'-infinity'")],
    "a meeting without a date yet": [MEETING.format("'9999-12-31 23:59:59+00'")],
    "a meeting at the end of time": [MEETING.format("'294276-12-31 23:59:59+00'")],
    "a length beyond all intervals": [
        "alter table meetings add duration_minutes int",
        "update meetings set duration_minutes = 35791395",
    ],
    "a length in words": [
        "alter table meetings add duration_minutes text",
        "update meetings set duration_minutes = '60' where meeting_id = 1",
        MEETING.format("now() + interval '20 days'"),
        "update meetings set duration_minutes = 'tbd' where meeting_id > 1",
    ],
    "lengths and numbers that are not numbers": [
        "alter table meetings add duration_minutes numeric, add meeting_number float8",
        "update meetings set duration_minutes = 'NaN', meeting_number = 'Infinity'",
    ],
    "a row of another writer that speaks of a calendar": [
        "insert into reminders_log (message, reminder_type, context)"
        """ values ('hi', 'note', '{"calendar": {"until": "next week", "sequence": "x"}}')"""
    ],
}


@pytest.mark.parametrize("odd", ODD)
def test_all_others_get_their_messages(world: World, shell: Shell, odd: str) -> None:
    alice, bob, carol = world.platform.people("alice", "bob", "carol")
    group = world.platform.group(members=[alice, bob])
    world.meeting_in(group, hours=23)
    world.platform.update("groups_users", {"group_id": group}, joined_at=world.now - timedelta(hours=30))
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    for _ in range(2):
        assert shell("sweep-due").code == 0
    assert "alice@example.org" in world.inboxes()

    for statement in ODD[odd]:
        world.connection.execute(statement.encode())
    world.platform.enrolment(carol, at=world.now)
    ran = shell("sweep-due")
    assert (ran.code, ran.err) == (0, "")
    assert world.inboxes().count("carol@example.org") == 1
    world.platform.update("meetings", {"meeting_id": 1}, scheduled_time_utc=world.now + timedelta(hours=47))
    for _ in range(2):
        assert shell("sweep-due").code == 0
    for command in (
        *(["upcoming"], ["explain", "--user", 1], ["cancel", "meeting_1_*", "--dry-run"], ["doctor"]),
        ["preview", "group_assigned", "--user", 1],
    ):
        assert shell(*command).code in (0, 1), command
    assert {row["status"] for row in world.log() if row["notification_key"]} == {"delivered"}


def own_views(world: World, folder: Path, *changes: tuple[str, str]) -> None:
    """Give the database the shipped views with these changes, as a platform's own."""
    text = (Path(schema.__file__).parent / "views.sql").read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "views.sql"
    path.write_text(text, encoding="utf-8")
    with db.connect(world.url) as connection:
        schema.drop_views(connection)
        schema.create(connection, path)


def test_a_name_that_a_view_does_not_give_is_there(world: World, shell: Shell, tmp_path: Path) -> None:
    alice, bob = world.platform.people("alice", "bob")
    group = world.platform.group(members=[bob])
    world.platform.member(group, alice, joined_at=world.now - timedelta(hours=30))
    world.meeting_in(group, hours=23)
    own_views(
        world,
        tmp_path,
        ("    u.user_id,\n    coalesce(", "    u.user_id,\n    case when user_id <> 2 then coalesce("),
        ("        'there'\n    ) as name", "        'there'\n    ) end as name"),
    )
    assert shell("sweep-due").code == 0
    [to_bob] = [mail for mail in world.sendgrid.mails if "bob@example.org" in str(mail["personalizations"])]
    assert "Hi there," in to_bob["content"][0]["value"]
    assert {row["status"] for row in world.log()} == {"delivered"}


def test_a_stored_message_that_lost_its_job_id_is_named_and_the_others_go_out(world: World, shell: Shell) -> None:
    alice, bob = world.platform.people("alice", "bob")
    for person, at in ((alice, "tomorrow 9:00"), (bob, "tomorrow 10:00")):
        given = ("--set", "subject=a", "--set", "text=b", "--at", at)
        assert shell("send", "announcement", "--user", person, "--channel", "email", *given).code == 0
    world.platform.enrolment(alice, at=world.now)
    world.connection.execute("update reminders_log set due_at = now(), useful_until = now() + interval '1 day'")
    world.connection.execute("update reminders_log set job_id = null where reminder_id = 1")
    assert (shell("sweep-due").code, shell("sweep-due").code) == (0, 0)
    assert sorted(world.inboxes()) == ["alice@example.org", "bob@example.org"]
    assert "row of the log 1: it waits, and says not for which job" in shell("doctor").out


def test_ids_of_the_log_may_outgrow_an_integer(world: World, shell: Shell) -> None:
    for person in world.platform.people("alice", "bob"):
        world.platform.enrolment(person, at=world.now - timedelta(minutes=1))
    for table in ("reminders_log", "reminder_recipients_log"):
        world.connection.execute(f"alter table {table} alter reminder_id type bigint".encode())
    world.connection.execute("alter sequence reminders_log_reminder_id_seq as bigint")
    world.connection.execute("select setval('reminders_log_reminder_id_seq', 2147483647)")
    for _ in range(2):
        assert shell("sweep-due").code == 0
        world.forget_waiting()
    assert sorted(world.inboxes()) == ["alice@example.org", "bob@example.org"]
    assert {row["status"] for row in world.log()} == {"delivered"}


def test_ids_of_people_may_be_larger_than_an_integer(world: World, shell: Shell, tmp_path: Path) -> None:
    world.connection.execute(
        "alter table reminder_recipients_log alter user_id type bigint,"
        " drop constraint reminder_recipients_log_user_id_fkey"
    )
    large = [
        (f"    {alias}.user_id,", f"    {alias}.user_id + 5000000000 as user_id,") for alias in ("u", "cu", "gu", "s")
    ]
    own_views(world, tmp_path, *large)
    for person in world.platform.people("alice", "bob"):
        world.platform.enrolment(person, at=world.now - timedelta(minutes=1))
    due = shell("sweep-due", "--dry-run", "--json").json
    assert {one["recipient"] for one in due} == {"user_5000000001", "user_5000000002"}
    assert shell("sweep-due").code == 0
    assert sorted(world.inboxes()) == ["alice@example.org", "bob@example.org"]
    explained = shell("explain", "--user", 5_000_000_001, "--json")
    assert [one["verdict"] for one in explained.json if one["rule"] == "welcome"] == ["sent"]
