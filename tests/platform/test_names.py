"""Names mean the same for every role and search_path: the platform's tables, the log, the types of its columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from notify_cli import db, doctor
from notify_cli.check import Check
from notify_cli.errors import ConfigError
from notify_cli.log import history
from notify_cli.platform import schema
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.postgres import EMPTY, PLATFORM, Server, as_user
from tests.support.world import World

LOGS = """
    select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relname ~ '^remind.*_log$' and c.relkind = 'r' order by 1
"""
OURS, THEIRS = ([f"{place}.reminder_recipients_log", f"{place}.reminders_log"] for place in ("notify", "public"))
TO_APP = """
    create schema app authorization platform_owner;
    do $$ declare one record; begin
        for one in select c.oid::regclass as name from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        loop execute format('alter table %s set schema app', one.name); end loop;
    end $$;
"""


@pytest.fixture(scope="module", autouse=True)
def _roles(server: Server) -> None:
    with psycopg.connect(server.cluster.url(), autocommit=True) as connection:
        connection.execute("create role notify login")


@dataclass(frozen=True)
class Ground:
    """A platform's database before init-db. `url` is a superuser's, `owner` that of who owns the tables."""

    url: str
    owner: str

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def values(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(query.encode())]

    def init(self, url: str | None = None) -> None:
        with db.connect(url or self.owner) as connection:
            schema.create(connection, catch_up=True)

    @contextmanager
    def world(self, url: str | None = None, path: str = "public") -> Iterator[World]:
        """One group that meets tomorrow, of alice and bob; sweeps run as the owner, or by `url`."""
        with db.connect(self.url) as connection, FakeSendGrid() as sendgrid, FakeDiscord() as discord:
            connection.execute(f"set search_path = {path}".encode())
            made = World(url or self.owner, connection, sendgrid, discord)
            group = made.platform.group(members=made.platform.people("alice", "bob"))
            made.meeting_in(group, hours=23)
            yield made

    def checks(self, url: str | None = None) -> list[Check]:
        return doctor.examine(World(url or self.owner, None, *_NOBODY).settings())  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Nobody:
    url: str = "http://127.0.0.1:9"


_NOBODY = (_Nobody(), _Nobody())


@pytest.fixture(params=[EMPTY, PLATFORM])
def ground(request: pytest.FixtureRequest, server: Server) -> Iterator[Ground]:
    """Once without a log of reminders, once with one."""
    with server.database(request.param) as url:
        yield Ground(url, as_user(url))


@pytest.fixture
def with_log(server: Server) -> Iterator[Ground]:
    with server.database(PLATFORM) as url:
        yield Ground(url, as_user(url))


@pytest.fixture
def without_log(server: Server) -> Iterator[Ground]:
    with server.database(EMPTY) as url:
        yield Ground(url, as_user(url))


def three_sent(world: World) -> None:
    """Two sweeps: the first sends two emails and a post, the second nothing, and all of it is in the log once."""
    assert (world.sweep().delivered, world.sweep().due) == (3, 0)
    with db.connect(world.url) as connection:
        assert [row["status"] for row in history.entries(connection)] == ["delivered"] * 3


def test_a_role_with_the_name_of_the_schema_finds_the_platforms_tables(ground: Ground) -> None:
    ground.execute("reassign owned by platform_owner to notify", "grant create on schema public to notify")
    had_log = ground.values(LOGS) == THEIRS
    url = as_user(ground.url, "notify")
    ground.init(url)
    with ground.world(url) as world:
        three_sent(world)
        ground.init(url)
        three_sent_before = world.sweep()
    assert three_sent_before.due == 0
    assert ground.values(LOGS) == (THEIRS if had_log else OURS)
    assert all(check.ok for check in ground.checks(url) if check.check in ("views", "log", "rights", "database"))


@pytest.mark.parametrize("path", ["notify, public", "''", "notify", "pg_catalog, notify", "nowhere, app"])
def test_any_search_path_does(ground: Ground, path: str) -> None:
    ground.init()
    before = ground.values("select pg_get_viewdef(c.oid) from pg_class c where relkind = 'v' and relname = 'groups'")
    ground.execute(f"alter role platform_owner in database {_name(ground)} set search_path = {path}")
    ground.init()
    after = ground.values("select pg_get_viewdef(c.oid) from pg_class c where relkind = 'v' and relname = 'groups'")
    assert after == before
    with ground.world() as world:
        three_sent(world)


@pytest.mark.parametrize("path", ["notify, public", "''"])
def test_any_search_path_does_for_the_first_init_db(ground: Ground, path: str) -> None:
    had_log = ground.values(LOGS) == THEIRS
    ground.execute(f"alter role platform_owner in database {_name(ground)} set search_path = {path}")
    for _ in range(2):
        ground.init()
    with ground.world() as world:
        three_sent(world)
    assert ground.values(LOGS) == (THEIRS if had_log else OURS)


def test_the_platforms_tables_may_be_in_another_schema(ground: Ground) -> None:
    had_log = ground.values(LOGS) == THEIRS
    ground.execute(TO_APP, "create table public.users (name text)", "create table public.groups (name text)")
    for _ in range(2):
        ground.init()
    with ground.world(path="app") as world:
        three_sent(world)
    assert ground.values(LOGS) == ([name.replace("public", "app") for name in THEIRS] if had_log else OURS)


def test_of_two_schemas_with_all_tables_the_roles_path_decides_once(without_log: Ground) -> None:
    without_log.execute(TO_APP, "create schema archive authorization platform_owner")
    without_log.execute(
        "do $$ declare one text; begin for one in select relname from pg_class"
        " where relnamespace = 'app'::regnamespace and relkind = 'r' loop"
        " execute format('create table archive.%I (like app.%I including all)', one, one); end loop; end $$",
        "alter schema archive owner to platform_owner",
    )
    with pytest.raises(ConfigError, match="in each of the schemas app, archive: set search_path"):
        without_log.init()
    of_database = f"alter role platform_owner in database {_name(without_log)} set search_path = "
    without_log.execute(of_database + "archive, app")
    without_log.init()
    read = "select distinct table_schema from information_schema.view_table_usage where view_schema = 'notify'"
    assert without_log.values(read) == ["archive"]
    without_log.execute(of_database + "app, archive")
    without_log.init()
    assert without_log.values(read) == ["archive"]


def test_a_tool_that_drops_what_it_does_not_know_in_public_touches_nothing(without_log: Ground) -> None:
    without_log.init()
    with without_log.world() as world:
        three_sent(world)
        world.connection.execute(
            "drop table if exists public.reminder_recipients_log; drop table if exists public.reminders_log"
        )
        without_log.init()
        assert world.sweep().due == 0


def test_a_log_that_the_platform_makes_later_is_not_taken_for_ours(without_log: Ground) -> None:
    without_log.init()
    with without_log.world() as world:
        three_sent(world)
        world.connection.execute("create table public.reminders_log (reminder_id serial primary key, message text)")
        without_log.init()
        assert world.sweep().due == 0
    assert without_log.values("select count(*) from public.reminders_log") == [0]
    [told] = [check for check in without_log.checks() if check.check == "log" and check.fix]
    assert told.detail == "public.reminders_log has the log's name too; notify writes to notify.reminders_log"


def test_a_copy_of_the_log_is_not_the_log(with_log: Ground) -> None:
    with_log.init()
    with with_log.world() as world:
        three_sent(world)
        world.connection.execute("create schema backup; create table backup.reminders_log as table reminders_log")
        assert world.sweep().due == 0
    assert with_log.values("select count(*) from backup.reminders_log") == [3]


def test_two_logs_are_refused_by_name(with_log: Ground) -> None:
    with_log.init()
    with_log.execute(
        "create schema app authorization platform_owner",
        "create table app.reminders_log (like public.reminders_log including all)",
    )
    with with_log.world() as world:
        for attempt in (world.sweep, with_log.init):
            with pytest.raises(ConfigError, match=r"app\.reminders_log and public\.reminders_log may each be the log"):
                attempt()
    [told] = [check for check in with_log.checks() if check.check == "log"]
    assert not told.ok
    assert "app.reminders_log and public.reminders_log" in told.detail


@pytest.mark.parametrize("name", ["types", 'a "b"', "50% off"])
def test_the_logs_types_may_be_anywhere(with_log: Ground, name: str) -> None:
    quoted = '"{}"'.format(name.replace('"', '""'))
    with_log.execute(
        f"create schema {quoted} authorization platform_owner",
        f"alter type delivery_status set schema {quoted}",
        f"alter type delivery_method set schema {quoted}",
        f"alter type {quoted}.delivery_method rename to method",
    )
    for _ in range(2):
        with_log.init()
    with with_log.world() as world:
        three_sent(world)
    assert with_log.values("select count(*) from pg_type where typname = 'delivery_status'") == [1]


@pytest.mark.parametrize("name", ['a "b"', "50% off", "Reminders"])
def test_the_log_may_be_anywhere(with_log: Ground, name: str) -> None:
    quoted = '"{}"'.format(name.replace('"', '""'))
    with_log.execute(
        f"create schema {quoted} authorization platform_owner",
        f"alter table reminders_log set schema {quoted}",
        f"alter table reminder_recipients_log set schema {quoted}",
    )
    for _ in range(2):
        with_log.init()
    with with_log.world() as world:
        three_sent(world)
    assert with_log.values(LOGS) == [f"{name}.{table}" for table in ("reminder_recipients_log", "reminders_log")]
    assert [check for check in with_log.checks() if check.check == "log" and not check.ok] == []


def test_a_log_that_keeps_words_instead_of_enums_is_as_good(with_log: Ground) -> None:
    with_log.execute(
        "alter table reminders_log alter delivery_status drop default,"
        " alter delivery_status type text, alter delivery_method type varchar(20)",
        "drop type delivery_status",
        "drop type delivery_method",
    )
    with_log.init()
    with with_log.world() as world:
        three_sent(world)


def test_a_callers_own_connection_finds_the_log_and_finds_it_again(without_log: Ground) -> None:
    without_log.init()
    with psycopg.connect(without_log.owner, row_factory=dict_row, autocommit=True) as connection:
        assert history.entries(connection) == []  # type: ignore[arg-type]
        without_log.execute(
            "create schema app authorization platform_owner; alter table notify.reminders_log set schema app"
        )
        without_log.execute("alter table notify.reminder_recipients_log set schema app")
        with pytest.raises(ConfigError):
            history.entries(connection)  # type: ignore[arg-type]
        assert history.entries(connection) == []  # type: ignore[arg-type]


def test_where_the_log_is_is_asked_once_per_connection(without_log: Ground) -> None:
    without_log.init()
    with db.connect(without_log.owner) as connection, psycopg.connect(without_log.url) as other:
        history.entries(connection)
        # it is not looked for again: else it would be found nowhere
        other.execute("alter table notify.reminders_log rename to gone")
        other.execute("create view notify.reminders_log as select * from notify.gone")
        other.execute("grant select on notify.reminders_log to public")
        other.commit()
        assert history.entries(connection) == []


def _name(ground: Ground) -> str:
    return str(ground.values("select current_database()")[0])
