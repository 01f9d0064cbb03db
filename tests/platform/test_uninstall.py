"""`notify uninstall`: all that is ours goes, nothing else does, and what cannot be taken back is named."""

from __future__ import annotations

import difflib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from notify_cli import db
from notify_cli.demo import cluster
from notify_cli.platform import schema
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.postgres import EMPTY, PLATFORM, Server, as_user
from tests.support.shell import Shell
from tests.support.terminal import on_terminal
from tests.support.world import World


def dump(url: str) -> list[str]:
    command = [str(cluster._binaries() / "pg_dump"), "--inserts", "--restrict-key=notify", url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def rows(world: World, query: str) -> list[tuple[Any, ...]]:
    return world.connection.execute(query.encode()).fetchall()


@pytest.fixture(params=[EMPTY, PLATFORM])
def fresh(request: pytest.FixtureRequest, server: Server) -> Iterator[World]:
    """A platform before init-db, in which something is due."""
    with (
        server.database(request.param) as url,
        db.connect(url) as connection,
        FakeSendGrid() as sendgrid,
        FakeDiscord() as discord,
    ):
        world = World(as_user(url), connection, sendgrid, discord)
        group = world.platform.group(members=world.platform.people("alice", "bob"))
        world.meeting_in(group, hours=23)
        yield world


@pytest.fixture
def shell(fresh: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(fresh, monkeypatch, capsys)


def test_the_database_is_as_it_was_but_for_what_it_says(fresh: World, shell: Shell) -> None:
    has_log = rows(fresh, "select to_regclass('public.reminders_log') is not null") == [(True,)]
    if has_log:
        fresh.connection.execute("insert into reminders_log (message, reminder_type) values ('Hello', 'newsletter')")
        fresh.connection.execute("insert into reminder_recipients_log (reminder_id, user_id) values (1, 1)")
    before = dump(fresh.url)
    shell("init-db", "--catch-up")
    assert shell("sweep-due", "--json").json["delivered"] == 3

    ran = shell("uninstall", "--yes")

    assert ran.code == 0
    log = "public" if has_log else "notify"
    assert ran.out.startswith(f"Removed the schema notify and 3 rows of {log}.reminders_log.\n")
    changes = [line for line in difflib.unified_diff(before, dump(fresh.url), n=0, lineterm="") if line[0] in "+-"][2:]
    if not has_log:
        assert changes == []
        assert "Not taken back" not in ran.out
        return
    assert "the values cancelled, expired and bounced of the type public.delivery_status" in ran.out
    assert "that sent_at and delivery_method of public.reminders_log may be null" in ran.out
    left = [line for line in changes if "setval" not in line]
    assert left == [
        "-    'failed'",
        "+    'failed',",
        "+    'expired',",
        "+    'cancelled',",
        "+    'bounced'",
        "-    sent_at timestamp with time zone DEFAULT now() NOT NULL,",
        "+    sent_at timestamp with time zone DEFAULT now(),",
    ]


def test_it_can_be_installed_again(fresh: World, shell: Shell) -> None:
    for _ in range(2):
        assert shell("init-db", "--catch-up").code == 0
        assert shell("sweep-due", "--json").json["delivered"] == 3
        assert shell("uninstall", "--yes").code == 0
        assert shell("uninstall", "--yes").out == "There is nothing of notify in this database.\n"


def test_without_a_terminal_it_wants_to_be_told_twice(fresh: World, shell: Shell) -> None:
    shell("init-db")
    ran = shell("uninstall")
    assert (ran.code, "add --yes" in ran.err) == (2, True)
    assert rows(fresh, "select to_regclass('notify.people') is not null") == [(True,)]


def test_on_a_terminal_it_asks(fresh: World, shell: Shell) -> None:
    shell("init-db")
    shown = on_terminal("uninstall", {"DATABASE_URL": fresh.url}, typed="n\n")
    assert "Remove the schema notify and 0 rows" in shown
    assert "nothing was done" in shown
    assert rows(fresh, "select to_regclass('notify.people') is not null") == [(True,)]


@pytest.mark.parametrize(
    "uses",
    [
        "create view public.report as select name from notify.people",
        "create table notify.notes (id int)",
    ],
)
def test_what_somebody_built_on_it_stays_and_is_named(fresh: World, shell: Shell, uses: str) -> None:
    with db.connect(fresh.url) as connection:
        schema.create(connection, catch_up=True)
    fresh.connection.execute(uses.encode())
    ran = shell("uninstall", "--yes")
    assert ran.code == 78
    assert ("report" if "report" in uses else "notify.notes") in ran.err
    assert shell("sweep-due", "--json").json["delivered"] == 3
