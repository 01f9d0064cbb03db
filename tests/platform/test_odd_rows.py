"""One odd row of the platform costs its own message at most: everybody else's go out, sweep after sweep."""

from __future__ import annotations

from datetime import timedelta

import pytest

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
}


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(world, monkeypatch, capsys)


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
    for command in (["upcoming"], ["explain", "--user", 1], ["cancel", "meeting_1_*", "--dry-run"], ["doctor"]):
        assert shell(*command).code in (0, 1), command
    assert {row["status"] for row in world.log()} == {"delivered"}
