"""What passes while nobody sweeps is put down by the sweep that comes next: an outage leaves a trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from notify_cli.errors import EXIT_OK, EXIT_TEMPORARY
from tests.support.fakes.http import FakeServer, Reply, Request
from tests.support.shell import Shell
from tests.support.world import World, with_outbox

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Watchdog(FakeServer):
    def answer(self, request: Request) -> Reply:
        return Reply(200, {})


def swept(world: World, ago: timedelta) -> None:
    """The last sweep was so long ago."""
    world.sweep()
    world.connection.execute("update notify.runs set last_swept_at = %s", [world.now - ago])


def otters(world: World, *, starts_in: timedelta = 30 * MINUTE, created: timedelta = 9 * DAY) -> list[int]:
    """alice and bob meet in half an hour: the window of the reminder an hour before closed ten minutes ago."""
    people = world.platform.people("alice", "bob")
    group = world.platform.group("Otters", members=people)
    world.platform.meeting(group, world.now + starts_in, created_at=world.now - created)
    return people


def expired(world: World) -> list[tuple[str, str, int | None]]:
    return sorted(
        (row["reminder_type"], row["method"], row["user_id"]) for row in world.log() if row["status"] == "expired"
    )


def test_what_an_outage_swallowed_is_in_the_log_and_said_once(world: World, shell: Shell) -> None:
    swept(world, 3 * HOUR)
    alice, bob = otters(world)

    ran = shell("sweep-due", "--json")

    assert ran.code == EXIT_TEMPORARY
    assert ran.json["due"] == 0
    [line] = ran.err.splitlines()
    assert "3 messages were not sent while they were useful, due " in line
    assert "nobody swept from " in line
    assert expired(world) == [
        ("meeting_reminder_1h", "discord_channel", None),
        ("meeting_reminder_1h", "email", alice),
        ("meeting_reminder_1h", "email", bob),
    ]
    again = shell("sweep-due", "--json")
    assert (again.code, again.err) == (EXIT_OK, "")
    assert len(world.log()) == 3


def test_nothing_is_put_down_of_the_time_before_the_first_sweep(world: World) -> None:
    otters(world)
    assert world.sweep().exit_code == EXIT_OK
    assert world.log() == []


def test_the_time_since_the_last_sweep_alone_is_looked_at(world: World) -> None:
    swept(world, 9 * MINUTE)
    otters(world)
    assert world.sweep().exit_code == EXIT_OK
    assert world.log() == []


def test_between_sweeps_that_follow_each_other_it_is_put_down_too(world: World) -> None:
    """The section was faulty, say: its window closed a minute ago, untried."""
    swept(world, 2 * MINUTE)
    otters(world, starts_in=39 * MINUTE)
    done = world.sweep()
    assert done.exit_code == EXIT_TEMPORARY
    assert "nobody swept" not in done.faults[0]
    assert len(expired(world)) == 3
    assert world.sweep().exit_code == EXIT_OK


def _opts_out(world: World, alice: int) -> None:
    world.platform.update("users", {"user_id": alice}, email_notifications_enabled=False)


def _left_before(world: World, alice: int) -> None:
    world.platform.leave(1, alice, at=world.now - 2 * HOUR)


def _joined_later(world: World, alice: int) -> None:
    world.platform.update("groups_users", {"user_id": alice}, joined_at=world.now - 20 * MINUTE)


def _deleted(world: World, alice: int) -> None:
    world.platform.update("users", {"user_id": alice}, deleted_at=world.now)


@pytest.mark.parametrize("change", [_opts_out, _left_before, _joined_later, _deleted])
def test_who_would_not_have_got_it_has_no_row(world: World, change: Callable[[World, int], None]) -> None:
    swept(world, 3 * HOUR)
    alice, bob = otters(world)
    change(world, alice)
    world.sweep()
    assert [row for row in expired(world) if row[1] == "email"] == [("meeting_reminder_1h", "email", bob)]


def test_who_left_after_it_was_due_would_have_got_it(world: World) -> None:
    swept(world, 3 * HOUR)
    alice, bob = otters(world)
    world.platform.leave(1, alice, at=world.now - 5 * MINUTE)
    world.sweep()
    assert [row[2] for row in expired(world) if row[1] == "email"] == [alice, bob]


def test_a_meeting_that_was_entered_too_late_had_no_reminder(world: World) -> None:
    swept(world, 3 * HOUR)
    otters(world, created=5 * MINUTE)
    assert world.sweep().exit_code == EXIT_OK
    assert expired(world) == []


@pytest.mark.parametrize(("done_ago", "missed"), [(3 * HOUR, 0), (30 * MINUTE, 4)])
def test_who_finished_the_lessons_after_it_was_due_would_have_been_nudged(
    world: World, tmp_path: Path, done_ago: timedelta, missed: int
) -> None:
    """Due two hours ago and useful until an hour ago: an hour is what staff made of it."""
    (tmp_path / "course.yaml").write_text("progression:\n- lesson: intro\n- meeting: 1\n", encoding="utf-8")
    (tmp_path / "messages.yaml").write_text(
        "lesson_nudge:\n  send:\n  - {name: lesson_nudge_1d, when: 2 hours before the meeting, "
        "until: 1 hour before the meeting, if: lessons left}\n  email_subject: Lessons\n"
        "  email_body: Read {lesson_list}\n  discord: Read {lesson_list}\n",
        encoding="utf-8",
    )
    settings = world.settings(
        NOTIFY_COURSES=str(tmp_path / "course.yaml"),
        NOTIFY_MESSAGES=str(tmp_path / "messages.yaml"),
        NOTIFY_DISABLED="meeting_reminder_1h,meeting_reminder_24h",
    )
    swept(world, 5 * HOUR)
    alice, bob = otters(world, starts_in=timedelta(0))
    for person in (alice, bob):
        world.platform.session(person, "intro", started_at=world.now - DAY, completed_at=world.now - done_ago)
    world.sweep(settings)
    assert len(expired(world)) == missed


@pytest.mark.parametrize("way", ["only", "outbox"])
def test_a_sweep_that_would_not_have_sent_all_of_it_puts_nothing_down(world: World, tmp_path: Path, way: str) -> None:
    swept(world, 3 * HOUR)
    otters(world)
    before = world.connection.execute("select * from notify.runs").fetchall()
    if way == "only":
        world.sweep(types=["meeting_reminder_1h"])
    else:
        world.sweep(with_outbox(world.settings(), tmp_path))
    assert expired(world) == []
    assert world.connection.execute("select * from notify.runs").fetchall() == before


def test_what_waited_and_was_never_tried_counts_too(world: World, shell: Shell) -> None:
    alice = world.platform.person("alice", discord_id=None)
    swept(world, 3 * HOUR)
    shell("send", "announcement", "--user", alice, "--set", "subject=a", "--set", "text=b", "--at", "in 1 hour")
    past = [world.now - 2 * HOUR, world.now - HOUR]
    world.connection.execute("update reminders_log set due_at = %s, useful_until = %s", past)
    assert "1 message was not sent while it was useful" in shell("sweep-due").err
    assert set(world.statuses().values()) == {"expired"}


def test_each_host_has_a_row_and_those_unseen_for_two_days_go(world: World) -> None:
    world.sweep()
    [(host, at)] = world.connection.execute("select host, last_swept_at from notify.runs").fetchall()
    assert abs(at - datetime.now(at.tzinfo)) < MINUTE
    insert = "insert into notify.runs (host, last_swept_at) values (%s, now() - %s)"
    for name, ago in (("gone", 49 * HOUR), ("away", 47 * HOUR)):
        world.connection.execute(insert, [name, ago])
    world.sweep()
    assert {name for (name,) in world.connection.execute("select host from notify.runs")} == {host, "away"}


def test_a_host_that_sweeps_fills_the_gap_of_another(world: World) -> None:
    swept(world, 3 * HOUR)
    world.connection.execute("insert into notify.runs (host, last_swept_at) values ('other', now())")
    otters(world)
    assert world.sweep().exit_code == EXIT_OK
    assert expired(world) == []


def test_the_watchdog_hears_of_it(world: World, shell: Shell) -> None:
    with Watchdog() as watchdog:
        swept(world, 3 * HOUR)
        otters(world)
        shell("sweep-due", NOTIFY_HEARTBEAT_URL=f"{watchdog.url}/ping")
        shell("sweep-due", NOTIFY_HEARTBEAT_URL=f"{watchdog.url}/ping")
        assert [request.path for request in watchdog.requests] == ["/ping/fail", "/ping"]
