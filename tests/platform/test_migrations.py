"""The platform migrates its tables, in whatever way, and init-db is printed for psql: both lead where init-db leads."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from notify_cli import db
from notify_cli.demo import cluster
from notify_cli.errors import ConfigError
from notify_cli.platform import schema, uninstall
from tests.support import pooler
from tests.support.paths import VIEWS
from tests.support.postgres import EMPTY, PLATFORM, Server, as_user
from tests.support.shell import Shell
from tests.support.views import views_with
from tests.support.world import World

DROP = "alter table courses_users drop column course_id"
# The definition of the view that stands on that column, without it.
WITHOUT = ("left join courses c on c.course_id = cu.course_id", "left join courses c on false")


@pytest.fixture(params=[EMPTY, PLATFORM])
def template(request: pytest.FixtureRequest) -> str:
    """A platform without a log of reminders, and one with it."""
    return str(request.param)


@pytest.fixture(scope="module")
def roles(server: Server) -> None:
    with psycopg.connect(server.cluster.url(), autocommit=True) as connection:
        connection.execute("create role analyst login")


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def psql(url: str, path: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run("psql", "--no-psqlrc", "-q", "-f", str(path), url, check=check)


def dump(url: str) -> str:
    """All that a database consists of, without its rows."""
    return run("pg_dump", "--schema-only", "--restrict-key=notify", url).stdout


def run(program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [str(cluster._binaries() / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def eight_due(world: World) -> None:
    """Alice and bob in a group that meets tomorrow, and alice's welcome."""
    alice, bob = world.platform.people("alice", "bob")
    group = world.platform.group(members=[alice, bob])
    world.meeting_in(group, hours=23)
    world.platform.enrolment(alice, at=world.now)


# A migration


def test_a_migration_that_the_views_would_block_passes_without_them(world: World, shell: Shell, tmp_path: Path) -> None:
    eight_due(world)
    assert shell("sweep-due").code == 0
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        world.connection.execute(DROP)

    assert shell("init-db", "--drop-views").code == 0
    world.connection.execute(DROP)
    away = shell("sweep-due")
    assert (away.code, away.err.count("\n")) == (78, 1)
    assert "the views are away (init-db --drop-views) since" in away.err
    assert "run notify init-db when its migration is done" in away.err
    [told] = [line for line in shell("doctor", "--json").json if line["check"] == "views"]
    assert told["detail"].startswith("the views are away")

    refused = shell("init-db")
    assert (refused.code, "column courses_users.course_id does not exist" in refused.err) == (78, True)
    assert "init-db --views FILE" in refused.err
    assert shell("init-db", "--views", views_with(tmp_path, WITHOUT)).code == 0
    assert shell("sweep-due", "--json").json["due"] == 0


def test_a_migration_that_keeps_the_columns_needs_nothing_but_init_db(world: World, shell: Shell) -> None:
    eight_due(world)
    shell("sweep-due")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        world.connection.execute("alter table users alter user_id type bigint")
    shell("init-db", "--drop-views")
    shell("init-db", "--drop-views")
    world.connection.execute("alter table users alter user_id type bigint")
    world.connection.execute("alter table users alter email type varchar(200)")
    assert shell("init-db").code == 0
    assert shell("sweep-due", "--json").json["due"] == 0
    assert rows(world.url, "select count(*) from notify.saved_views") == [(0,)]


@pytest.mark.usefixtures("roles")
def test_views_of_the_platforms_own_come_back_without_being_named(world: World, shell: Shell, tmp_path: Path) -> None:
    more = """
        create view notify.attendance as select m.meeting_id, p.user_id, true as attending, false as guest
            from notify.meetings m cross join notify.people p where p.name like '%bob';
        alter view notify.attendance set (security_barrier = true);
    """
    views = views_with(
        tmp_path, ("nullif(regexp_replace(u.nickname::text, blank.ends, '', 'g'), '')", "'own ' || u.nickname")
    )
    views.write_text(views.read_text() + more)
    assert shell("init-db", "--views", views).code == 0
    for grant in (
        "select on notify.people to analyst with grant option",
        "select on notify.attendance to public",
        "select on notify.groups to analyst",
    ):
        world.connection.execute(f"grant {grant}".encode())
    world.platform.person("alice")
    before, described = dump(world.url), rows(world.url, "select pg_get_viewdef('notify.attendance'::regclass)")
    acls = """
        select relname, relacl::text, reloptions, relowner from pg_class
        where relnamespace = 'notify'::regnamespace and relkind = 'v'
    """
    granted = sorted(rows(world.url, acls))

    assert shell("init-db", "--drop-views").code == 0
    assert rows(world.url, "select viewname from pg_views where schemaname = 'notify'") == []
    assert shell("init-db").code == 0
    assert shell("init-db").code == 0

    assert sorted(rows(world.url, acls)) == granted
    assert rows(world.url, "select pg_get_viewdef('notify.attendance'::regclass)") == described
    assert rows(world.url, "select name from notify.people") == [("own alice",)]
    assert _sorted(dump(world.url)) == _sorted(before)


def test_rights_of_a_role_that_has_gone_are_no_hindrance(world: World, shell: Shell) -> None:
    world.connection.execute("create role leaver; grant select on notify.groups to leaver")
    shell("init-db", "--drop-views")
    world.connection.execute("drop role leaver")
    assert shell("init-db").code == 0


def test_a_saved_view_that_does_not_fit_any_more_is_named(world: World, shell: Shell, tmp_path: Path) -> None:
    views = views_with(tmp_path, ("'there'\n", "'nobody'\n"))
    shell("init-db", "--views", views)
    shell("init-db", "--drop-views")
    world.connection.execute("alter table users rename column discord_username to handle")
    world.connection.execute(DROP)
    ran = shell("init-db")
    assert ran.code == 78
    for named in ("notify.people, as it was before --drop-views: ", "notify.enrolments, as it was before"):
        assert named in ran.err
    assert "init-db --views FILE" in ran.err
    views.write_text(views_with(tmp_path, WITHOUT).read_text().replace("u.discord_username", "u.handle"))
    assert shell("init-db", "--views", views).code == 0


def test_views_that_something_else_uses_stay(world: World, shell: Shell) -> None:
    world.connection.execute("create view report as select name from notify.people")
    ran = shell("init-db", "--drop-views")
    assert ran.code == 78
    assert "view public.report depends on view notify.people" in ran.err
    assert rows(world.url, "select count(*) from report") == [(0,)]


# The printed SQL


def test_the_printed_sql_leaves_what_init_db_leaves(server: Server, template: str, tmp_path: Path) -> None:
    path = tmp_path / "init.sql"
    path.write_text(schema.script())
    with server.database(template) as printed, server.database(template) as made:
        for _ in range(2):
            psql(as_user(printed), path)
            with db.connect(as_user(made)) as connection:
                schema.create(connection)
            assert dump(printed) == dump(made)
        assert "shipped with notify" in dump(printed)


def test_the_printed_sql_with_own_views_leaves_what_init_db_leaves(server: Server, tmp_path: Path) -> None:
    views = views_with(tmp_path, ("'there'", "$views$nobody$views$"))
    path = tmp_path / "init.sql"
    path.write_text(schema.script(views))
    with server.database(PLATFORM) as printed, server.database(PLATFORM) as made:
        with db.connect(as_user(made)) as connection:
            schema.create(connection)
            schema.create(connection, views)
            schema.create(connection)
        psql(as_user(printed), path)
        path.write_text(schema.script())
        psql(as_user(printed), path)
        assert dump(printed) == dump(made)


def test_views_from_the_printed_sql_follow_the_next_release(ready_db: str, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "init.sql"
    path.write_text(schema.script())
    with server.database(PLATFORM) as url:
        owner = as_user(url)
        psql(owner, path)
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(
                "create or replace view notify.lesson_sessions as"
                " select session_id, user_id, lesson_id::text, started_at, completed_at from lesson_sessions"
            )
        with db.connect(owner) as connection:
            schema.create(connection)
        [(shown,)] = rows(owner, "select pg_get_viewdef('notify.lesson_sessions'::regclass)")
        assert "user_id IS NOT NULL" in shown


def test_printed_sql_that_does_not_fit_changes_nothing(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "init.sql"
    path.write_text(schema.script())
    with server.database(PLATFORM) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter table meetings alter scheduled_time_utc type timestamp")
        before = dump(url)
        ran = psql(as_user(url), path, check=False)
        assert ran.returncode == 3
        assert "notify.meetings.starts_at is timestamp without time zone, wanted timestamp with" in ran.stderr
        assert dump(url) == before


# Files and platforms that do not fit


@pytest.mark.parametrize(
    ("before", "after"),
    [("begin;", "commit;"), ("-- mine\nBEGIN;", "COMMIT;"), ("start transaction;", "end;"), ("/* ; */ begin;", "")],
)
def test_a_views_file_with_a_transaction_of_its_own_is_refused(
    server: Server, tmp_path: Path, before: str, after: str
) -> None:
    views = tmp_path / "views.sql"
    views.write_text(f"{before}\n{VIEWS.read_text()}\n{after}")
    with server.database(PLATFORM) as url:
        untouched = dump(url)
        with db.connect(as_user(url)) as connection, pytest.raises(ConfigError, match="without begin and commit"):
            schema.create(connection, views)
        assert dump(url) == untouched


def test_words_in_quotes_end_no_transaction(server: Server, tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    said = """
        comment on view notify.people is 'mine;
        commit; it''s';
        do $do$ begin perform 1; end $do$; -- begin;
        comment on view notify.groups is E'\\'; commit; \\'';
    """
    views.write_text(VIEWS.read_text() + said)
    with server.database(PLATFORM) as url, db.connect(as_user(url)) as connection:
        schema.create(connection, views)
        found = connection.execute("select obj_description('notify.groups'::regclass)").fetchone()
        assert found == ("'; commit; '",)


def test_all_that_another_platform_lacks_is_named_at_once(server: Server) -> None:
    with server.database(PLATFORM) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter table courses rename to course_list; drop table lesson_sessions cascade")
            connection.execute("alter table users drop column nickname, drop column timezone")
            connection.execute("alter table meetings rename scheduled_time_utc to at")
        untouched = dump(url)
        with db.connect(as_user(url)) as connection, pytest.raises(ConfigError) as caught:
            schema.create(connection)
        [line] = caught.value.lines
        for missing in (
            'relation "courses" does not exist',
            'relation "lesson_sessions" does not exist',
            "column users.nickname does not exist",
            "column users.timezone does not exist",
            "column meetings.scheduled_time_utc does not exist",
        ):
            assert missing in line
        assert line.endswith("init-db --views FILE")
        assert dump(url) == untouched


def test_all_faults_of_a_views_file_are_named_with_their_lines(server: Server, tmp_path: Path) -> None:
    views = views_with(
        tmp_path,
        ("from users u", "from accounts u"),
        ("m.created_at,", "m.made_at,"),
        ("left join cohorts co on co.cohort_id = cu.cohort_id", "left joins cohorts co"),
    )
    with server.database(PLATFORM) as url:
        untouched = dump(url)
        with db.connect(as_user(url)) as connection, pytest.raises(ConfigError) as caught:
            schema.create(connection, views)
        assert dump(url) == untouched
    lines = views.read_text().splitlines()
    assert [re.sub(r"^.*sql:", "", line) for line in caught.value.lines] == [
        f"{1 + lines.index(f'create or replace view notify.{view} as')}: {message}"
        for view, message in [
            ("people", 'relation "accounts" does not exist'),
            ("meetings", "column m.made_at does not exist"),
            ("enrolments", 'syntax error at or near "joins"'),
        ]
    ]


def _sorted(dumped: str) -> list[str]:
    return sorted(dumped.splitlines())


@pytest.mark.skipif(pooler.PROGRAM is None, reason="PgBouncer is not installed (Debian: apt-get install pgbouncer)")
def test_it_all_works_through_a_transaction_pooler(server: Server, template: str, tmp_path: Path) -> None:
    views = views_with(tmp_path, ("'there'\n", "'nobody'\n"))
    with server.database(template) as direct, server.database(template) as url, pooler.pooled(as_user(url)) as pooled:
        for connect in (as_user(direct), pooled):
            for step in (None, schema.drop_views, None, views, schema.drop_views, None, uninstall.remove, None):
                with db.connect(connect) as connection:
                    if callable(step):
                        step(connection)
                    else:
                        schema.create(connection, step)
        assert dump(url) == dump(direct)
