"""From when on messages go out: a new database, an upgrade, a log that is lost, a new type, a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from notify_cli import db, due
from notify_cli.due import Policy, Window
from notify_cli.platform import schema, start
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.postgres import EMPTY, PLATFORM, Server, as_user, run_script
from tests.support.shell import Shell
from tests.support.world import World

OLDER = "update notify.since set since = since - interval '1 hour'"


@pytest.fixture(params=[EMPTY, PLATFORM])
def fresh(request: pytest.FixtureRequest, server: Server) -> Iterator[World]:
    """A platform in which something has been due for an hour, before init-db."""
    with (
        server.database(request.param) as url,
        db.connect(url) as connection,
        FakeSendGrid() as sendgrid,
        FakeDiscord() as discord,
    ):
        connection.execute("set search_path = public, notify")
        world = World(as_user(url), connection, sendgrid, discord)
        group = world.platform.group(members=world.platform.people("alice", "bob"))
        world.meeting_in(group, hours=23)
        world.platform.enrolment(1, at=world.now - timedelta(hours=1))
        yield world


@pytest.fixture
def shell(fresh: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(fresh, monkeypatch, capsys)


def rows(world: World, query: str) -> list[tuple[Any, ...]]:
    return world.connection.execute(query.encode()).fetchall()


def lose_the_log(world: World) -> None:
    """As a migration that makes the log anew would."""
    if rows(world, "select to_regclass('public.reminders_log') is null") == [(True,)]:
        world.connection.execute("drop table notify.reminder_recipients_log, notify.reminders_log")
        return
    world.connection.execute("drop table reminder_recipients_log, reminders_log")
    world.connection.execute("drop type delivery_method; drop type delivery_status")
    with psycopg.connect(world.url, autocommit=True) as owner:
        run_script(owner, "platform_log.sql")


def test_a_new_database_starts_now(fresh: World, shell: Shell) -> None:
    assert shell("init-db").code == 0
    assert shell("sweep-due", "--json").json["due"] == 0
    [welcome] = [line for line in shell("explain", "--user", 1, "--json").json if line["rule"] == "welcome"]
    assert welcome["verdict"] == "before_start"
    assert "before notify started" in welcome["reason"]
    fresh.platform.enrolment(2, at=fresh.now + timedelta(seconds=2))
    with db.connect(fresh.url) as connection:
        soon = Window(now=fresh.now + timedelta(minutes=1))
        found = due.find(connection, soon, Policy())
    assert {candidate.delivery.recipient for candidate in found} == {"user_2"}


def test_catching_up_sends_what_was_due_before(fresh: World, shell: Shell) -> None:
    shell("init-db")
    assert shell("sweep-due", "--json").json["due"] == 0
    assert shell("init-db", "--catch-up").code == 0
    assert shell("sweep-due", "--json").json["delivered"] == 5


def test_init_db_again_before_the_first_sweep_changes_nothing(fresh: World, shell: Shell) -> None:
    for options in ([], ["--catch-up"]):
        shell("init-db", *options)
        before = rows(fresh, "select * from notify.since order by 1")
        again = shell("init-db")
        assert (again.code, again.err) == (0, "")
        assert rows(fresh, "select * from notify.since order by 1") == before
    assert shell("sweep-due", "--json").json["delivered"] == 5


def test_an_upgrade_beside_a_log_with_rows_of_ours_goes_on_as_before(fresh: World, shell: Shell) -> None:
    shell("init-db", "--catch-up")
    fresh.sweep()
    fresh.platform.enrolment(2, at=fresh.now - timedelta(hours=1))
    fresh.connection.execute("update reminders_log set created_at = now() - interval '40 days'")
    fresh.connection.execute("drop table notify.since, notify.installation, notify.runs, notify.saved_views")
    assert shell("sweep-due").code == 78
    assert shell("init-db").code == 0
    assert shell("sweep-due", "--json").json["delivered"] == 2
    assert rows(fresh, "select installed_at < now() - interval '39 days' from notify.installation") == [(True,)]


def test_the_installation_stays_the_same(fresh: World, shell: Shell) -> None:
    shell("init-db")
    before = rows(fresh, "select id, installed_at from notify.installation")
    lose_the_log(fresh)
    shell("init-db", "--catch-up")
    assert rows(fresh, "select id, installed_at from notify.installation") == before
    assert len(before) == 1


def test_a_log_that_was_made_anew_sends_nothing_again(fresh: World, shell: Shell) -> None:
    shell("init-db", "--catch-up")
    assert shell("sweep-due", "--json").json["delivered"] == 5
    lose_the_log(fresh)

    ran = shell("init-db")
    assert ran.code == 0
    assert "5 messages would go out again and are held back; notify init-db --catch-up lets them go" in ran.err
    assert shell("sweep-due", "--json").json["due"] == 0
    verdicts = {line["verdict"] for line in shell("explain", "--user", 1, "--json").json if line["rule"] == "welcome"}
    assert verdicts == {"before_start"}
    assert shell("init-db").err == ""
    assert shell("sweep-due", "--json").json["due"] == 0

    shell("init-db", "--catch-up")
    assert shell("sweep-due", "--json").json["delivered"] == 5


def test_a_log_that_was_emptied_after_sweeps_sends_nothing_again(fresh: World, shell: Shell) -> None:
    shell("init-db", "--catch-up")
    fresh.sweep()
    fresh.connection.execute("insert into notify.runs values ('here', now())")
    fresh.connection.execute("truncate reminders_log cascade")
    ran = shell("init-db")
    assert "5 messages would go out again" in ran.err
    assert shell("sweep-due", "--json").json["due"] == 0


def test_what_was_held_back_before_is_not_counted(fresh: World, shell: Shell) -> None:
    shell("init-db")
    fresh.platform.enrolment(2, at=fresh.now)
    fresh.connection.execute("update courses_users set created_at = now() where user_id = 2")
    fresh.sweep()
    lose_the_log(fresh)
    assert "2 messages would go out again" in shell("init-db").err


def test_a_type_without_a_start_gets_it_from_the_first_real_sweep(fresh: World, shell: Shell, tmp_path: Path) -> None:
    shell("init-db", "--catch-up")
    fresh.connection.execute("delete from notify.since where reminder_type = 'welcome'")
    known = "select count(*) from notify.since where reminder_type = 'welcome'"
    rehearsals: tuple[tuple[list[object], dict[str, str]], ...] = (
        (["sweep-due", "--dry-run", "--json"], {}),
        (["sweep-due", "--json"], {"NOTIFY_OUTBOX": str(tmp_path)}),
        (["upcoming", "--json"], {}),
        (["explain", "--user", 1, "--json"], {}),
    )
    for command, environment in rehearsals:
        shown = shell(*command, **environment)
        assert shown.code == 0
        assert rows(fresh, known) == [(0,)]
    fresh.connection.execute("truncate reminders_log cascade")
    assert "welcome" not in {one["reminder_type"] for one in shell("sweep-due", "--dry-run", "--json").json}
    assert shell("sweep-due", "--json", "--only", "meeting_reminder_24h").json["delivered"] == 3
    assert rows(fresh, known) == [(0,)]
    assert shell("sweep-due", "--json").json["due"] == 0
    assert rows(fresh, known) == [(1,)]


def test_what_staff_send_or_store_by_hand_has_no_start(fresh: World, shell: Shell) -> None:
    shell("init-db")
    sent = shell("send", "welcome", "--user", 1, "--json")
    assert [one["status"] for one in sent.json] == ["delivered"] * 2
    fresh.connection.execute("update notify.since set since = now() + interval '1 day'")
    shell("send", "welcome", "--user", 2, "--at", "2030-01-01T12:00Z", "--json")
    fresh.connection.execute(
        "update reminders_log set due_at = now() - interval '1 minute' where context ? 'variables'"
    )
    assert shell("sweep-due", "--json").json["delivered"] == 2


def test_the_start_is_read_by_type(fresh: World, shell: Shell) -> None:
    shell("init-db")
    with db.connect(fresh.url) as connection:
        assert set(start.since(connection)) == set(due.rule_names())
        start.begin(connection, ["welcome", "certificate"])
        assert set(start.since(connection)) == {*due.rule_names(), "certificate"}


def test_the_printed_sql_starts_as_init_db_does() -> None:
    assert "0001-01-01 00:00:00+00';" in schema.script(catch_up=True)
    assert "0001-01-01 00:00:00+00';" not in schema.script()
