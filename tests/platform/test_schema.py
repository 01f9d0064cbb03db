"""init-db: on any platform's database, any number of times, by any number of hosts, and nobody else is disturbed."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from notify_cli import config, db, due, log
from notify_cli.demo import cluster
from notify_cli.due import Policy, Window
from notify_cli.errors import ConfigError, DatabaseError
from notify_cli.platform import batch, contract, schema
from notify_cli.sending import sweep
from tests.support.candidates import keys
from tests.support.platform import Platform
from tests.support.postgres import EMPTY, PLATFORM, Server, as_user

HOUR = timedelta(hours=1)
INDEXES = (Path(schema.__file__).parent / "indexes.sql").read_text().count("_idx'")


@pytest.fixture(params=[EMPTY, PLATFORM])
def database(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """A platform's database before init-db, as its owner: once without a log of reminders, once with one."""
    with server.database(request.param) as url:
        yield as_user(url)


@pytest.fixture
def owner_db(platform_db: str) -> str:
    """The platform's database with its log, as its owner."""
    return as_user(platform_db)


def init(url: str, views: Path | None = None) -> None:
    with db.connect(url) as connection:
        schema.create(connection, views, catch_up=True)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, options="-c search_path=public,notify") as connection:  # wherever the log is
        return connection.execute(query.encode()).fetchall()


def shape(url: str) -> list[tuple[Any, ...]]:
    """Everything init-db makes: columns, types, indexes."""
    columns = """
        select table_schema, table_name, column_name, data_type, is_nullable, column_default
        from information_schema.columns where table_schema in ('public', 'notify') order by 1, 2, ordinal_position
    """
    labels = "select enumtypid::regtype::text, enumlabel from pg_enum order by 1, enumsortorder"
    indexes = "select indexrelid::regclass::text, indisvalid, pg_get_indexdef(indexrelid) from pg_index order by 1"
    return rows(url, columns) + rows(url, labels) + [row for row in rows(url, indexes) if "pg_" not in row[0]]


def test_it_makes_a_platforms_database_ready(database: str) -> None:
    init(database)
    with db.connect(database) as connection:
        assert contract.faults(connection) == []
        assert due.find(connection, Window(), Policy()) == []
        platform = Platform(connection)
        group = platform.group(members=[platform.person("alice")])
        platform.meeting(group, platform.now + 24 * HOUR)
        found = [c.delivery for c in due.find(connection, Window(now=platform.now), Policy())]
        claims = log.claim(connection, found, token=uuid4(), lease=HOUR)
        assert len(claims) == len(found) == 2


def test_it_may_run_again_at_any_time(database: str) -> None:
    init(database)
    before = shape(database)
    with db.connect(database) as connection:
        Platform(connection).log_row(notification_key="k", delivery_status="delivered", due_at=Platform(connection).now)
    init(database)
    assert shape(database) == before
    assert rows(database, "select notification_key from reminders_log") == [("k",)]


def test_its_indexes_are_all_there_and_valid(owner_db: str) -> None:
    init(owner_db)
    found = rows(
        owner_db,
        "select indisvalid from pg_index where indexrelid::regclass::text ~ '^(notify_|reminder.*_idx)' "
        "and pg_get_indexdef(indexrelid) !~ 'reminder_recipients_log_reminder_id_idx'",
    )
    assert found == [(True,)] * INDEXES


def test_rows_of_other_writers_stay_as_they_are(owner_db: str) -> None:
    insert = """
        insert into reminders_log (message, reminder_type, delivery_method, delivery_status, delivery_error)
        values ('Hello', 'newsletter', 'email', 'failed', 'no such host')
    """
    columns = "message, reminder_type, sent_at, delivery_method, delivery_status, delivery_error, created_at"
    with psycopg.connect(owner_db) as connection:
        connection.execute(insert.encode())
    before = rows(owner_db, f"select {columns} from reminders_log")
    init(owner_db)
    assert rows(owner_db, f"select {columns} from reminders_log") == before
    added = "job_id, notification_key, due_at, useful_until, attempts, retry_at, claimed_until, claim_token, context"
    assert rows(owner_db, f"select {added} from reminders_log") == [(None,) * 9]


def test_other_writers_write_on_as_before(owner_db: str) -> None:
    init(owner_db)
    with psycopg.connect(owner_db) as connection:
        for _ in range(2):  # their rows have no key, so none is in the way of another
            connection.execute(
                "with l as (insert into reminders_log (message, reminder_type) values ('Hello', 'newsletter') "
                "returning reminder_id) insert into reminder_recipients_log (reminder_id) select reminder_id from l"
            )
    written = rows(owner_db, "select delivery_status::text, sent_at is not null from reminders_log")
    assert written == [("pending", True)] * 2
    with db.connect(owner_db) as connection:
        assert log.expire(connection) == 0
        assert due.find(connection, Window(), Policy()) == []


@pytest.mark.parametrize("hosts", [2, 6])
def test_hosts_may_run_it_at_once(database: str, hosts: int) -> None:
    start = threading.Barrier(hosts)

    def run(_: int) -> list[str]:
        with db.connect(database) as connection:
            start.wait()
            schema.create(connection)
            broken = "select indexrelid::regclass::text from pg_index where not indisvalid"
            return [row[0] for row in connection.execute(broken.encode()).fetchall()]

    with ThreadPoolExecutor(hosts) as pool:
        assert list(pool.map(run, range(hosts))) == [[]] * hosts
    with db.connect(database) as connection:
        assert contract.faults(connection) == []


def test_a_host_that_died_in_it_does_not_keep_the_others_out(owner_db: str) -> None:
    init(owner_db)
    with psycopg.connect(owner_db) as connection:
        lease = connection.execute("select next_at <= now() from notify.throttle where name = 'init-db'").fetchone()
        assert lease == (True,)
        connection.execute("update notify.throttle set next_at = now() + interval '300 ms' where name = 'init-db'")
    init(owner_db)


def test_it_waits_for_no_long_transaction_for_ever(owner_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_LOCK_TIMEOUT", "50ms")
    with psycopg.connect(owner_db) as somebody:
        somebody.execute("lock table reminders_log in access share mode")
        with pytest.raises(DatabaseError, match="long transaction: run notify init-db again later"):
            init(owner_db)
    init(owner_db)


def test_a_broken_index_is_built_again(owner_db: str) -> None:
    with db.connect(owner_db) as connection:
        platform = Platform(connection)
        group = platform.group()
        for _ in range(2):
            platform.meeting(group, platform.now)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("create unique index concurrently notify_meetings_group_idx on meetings (group_id)")
    index = "select indisvalid, indisunique from pg_index where indexrelid = 'notify_meetings_group_idx'::regclass"
    assert rows(owner_db, index) == [(False, True)]
    init(owner_db)
    assert rows(owner_db, index) == [(True, False)]


# Columns that a platform may have or not


def test_other_writers_may_have_calendars_of_their_own(owner_db: str) -> None:
    init(owner_db)
    former = "create unique index reminders_log_calendar_version_idx on reminders_log"
    with psycopg.connect(owner_db, autocommit=True) as connection:
        # as it was when the log held what calendars show
        connection.execute(
            f"{former} ((context #>> '{{calendar,series}}'), ((context #>> '{{calendar,sequence}}')::int))"
            " where context ? 'calendar'".encode()
        )
    for _ in range(2):
        init(owner_db)
        with psycopg.connect(owner_db, autocommit=True) as connection:
            connection.execute(
                "insert into reminders_log (message, reminder_type, context)"
                """ values ('hi', 'note', '{"calendar": {"series": "s", "sequence": "next", "until": "next week"}}')"""
            )


def test_optional_columns_may_be_missing(empty_db: str) -> None:
    with db.connect(as_user(empty_db)) as connection:
        connection.execute("alter table users drop column first_name")
        schema.create(connection)
        platform = Platform(connection)
        person = platform.person(None, discord_username="ally")
        group = platform.group()
        platform.meeting(group, platform.now)
        named = connection.execute("select name from notify.people where user_id = %s", [person]).fetchone()
        assert named == ("ally",)
        meeting = connection.execute("select duration_minutes, number, join_url from notify.meetings").fetchone()
        assert meeting == (None, None, None)
        assert connection.execute("select server_id from notify.groups").fetchone() == (None,)


def test_optional_columns_are_used_where_they_are(empty_db: str) -> None:
    with db.connect(as_user(empty_db)) as connection:
        schema.create(connection)  # and they may come later
        connection.execute(
            "alter table meetings add column duration_minutes int, add column meeting_number smallint, "
            "add column join_url text"
        )
        connection.execute("alter table groups add column discord_server_id text")
        platform = Platform(connection)
        platform.person(None, first_name="Alice", discord_username="ally")
        group = platform.group(discord_server_id="800")
        url = "https://meet.example.org/otters"
        platform.meeting(group, platform.now, duration_minutes=90, meeting_number=3, join_url=url)
        platform.meeting(group, platform.now + HOUR, join_url=" ")
        assert connection.execute("select name from notify.people").fetchone() == ("Alice",)
        found = connection.execute(
            "select duration_minutes, number, join_url from notify.meetings order by starts_at"
        ).fetchall()
        assert found == [(90, 3, url), (None, None, None)]
        assert connection.execute("select server_id from notify.groups").fetchone() == ("800",)


# A platform with other tables

MEMBERS = """
create or replace view notify.people as select id as user_id, name, mail as email, true as email_enabled,
    null::text as discord_id, false as dm_enabled, 'UTC'::text as timezone from accounts;
create or replace view notify.groups as select id as group_id, name as group_name, null::text as course,
    null::text as discord_channel_id, null::text as server_id, true as active from teams;
create or replace view notify.members as select team as group_id, account as user_id,
    null::timestamptz as joined_at, null::timestamptz as left_at, true as active from seats;
create or replace view notify.meetings as select id as meeting_id, team as group_id, at as starts_at,
    null::int as duration_minutes, null::int as number, null::timestamptz as created_at, null::text as join_url
    from calls;
create or replace view notify.enrolments as select id as user_id, null::text as course, null::int as cohort_id,
    since as enrolled_at from accounts;
"""
SESSIONS = """
create or replace view notify.lesson_sessions as select null::int as session_id, null::int as user_id,
    null::text as lesson_id, null::timestamptz as started_at, null::timestamptz as completed_at where false;
"""
TABLES = """
create table accounts (id int primary key, name text, mail text, since timestamptz);
create table teams (id int primary key, name text);
create table seats (team int, account int);
create table calls (id int primary key, team int, at timestamptz);
"""


@pytest.fixture
def other_platform(server: Server) -> Iterator[str]:
    """A database with tables of quite other names."""
    with server.database("template0") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("grant create on schema public to platform_owner")
        with psycopg.connect(as_user(url), autocommit=True) as connection:
            connection.execute(TABLES)
        yield as_user(url)


def test_a_platform_with_other_tables_gives_its_own_views(other_platform: str, tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    views.write_text(MEMBERS + SESSIONS)
    for _ in range(2):
        init(other_platform, views)
    with db.connect(other_platform) as connection:
        connection.execute("insert into accounts values (1, 'Alice', 'alice@example.org', '2026-02-04T12:00Z')")
        connection.execute("insert into teams values (7, 'Otters'); insert into seats values (7, 1)")
        connection.execute("insert into calls values (3, 7, '2026-02-05T12:00Z')")
        assert keys(Platform(connection)) == [
            "meeting_3_reminder_24h/20260205T120000Z/email/user_1",
            "user_1_welcome/-/email/user_1",
        ]


def test_views_that_lack_something_are_refused_with_every_fault(other_platform: str, tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    views.write_text(MEMBERS.replace("'UTC'::text as timezone", "'UTC'::text as zone, 1 as x").replace(", name,", ","))
    with pytest.raises(ConfigError) as caught:
        init(other_platform, views)
    assert caught.value.lines == [
        f"{views}: notify.people has no column name, timezone",
        f"{views}: notify.lesson_sessions is missing",
    ]
    assert rows(other_platform, "select viewname from pg_views where schemaname = 'notify'") == []


def test_a_database_that_is_no_platforms_is_refused(other_platform: str) -> None:
    with pytest.raises(ConfigError, match=r'relation "users" does not exist.*--views FILE'):
        init(other_platform)
    assert rows(other_platform, "select viewname from pg_views where schemaname = 'notify'") == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("create view notify.people as selec 1;", "syntax error"),
        ("create view notify.people as select 1 as user_id from nowhere;", 'relation "nowhere" does not exist'),
        ("create view notify.people as select nothing from accounts;", 'column "nothing" does not exist'),
    ],
)
def test_a_fault_in_the_views_file_names_the_file(
    other_platform: str, tmp_path: Path, text: str, complaint: str
) -> None:
    views = tmp_path / "views.sql"
    views.write_text(text)
    with pytest.raises(ConfigError) as caught:
        init(other_platform, views)
    assert complaint in str(caught.value)
    assert str(views) in str(caught.value)


def test_a_views_file_that_cannot_be_read_is_named(owner_db: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        init(owner_db, tmp_path / "nothing.sql")
    (tmp_path / "latin.sql").write_bytes(b"-- \xe9")
    with pytest.raises(ConfigError, match="not UTF-8"):
        init(owner_db, tmp_path / "latin.sql")


def of_exactly_these_columns(folder: Path) -> Path:
    """Views as a platform of its own might write them: the columns of the contract and no more."""
    names = {("people", "user_id"): "1 as user_id", ("people", "name"): "'own'::text as name"}
    types = {"id": "int", "count": "int", "moment": "timestamptz"}
    made: dict[str, list[str]] = {}
    for relation, column, kind, need in contract_lines():
        view = relation.removeprefix("notify.")
        if need == "required" and view != relation:
            null = f"null::{types.get(kind, kind)} as {column}"
            made.setdefault(relation, []).append(names.get((view, column), null))
    path = folder / "views.sql"
    path.write_text("".join(f"create or replace view {view} as select {', '.join(made[view])};\n" for view in made))
    return path


def contract_lines() -> list[tuple[str, str, str, str]]:
    """The lines of contract.sql: relation, column, kind, need."""
    text = (Path(schema.__file__).parent / "contract.sql").read_text()
    return re.findall(r"\('([\w.]+)', '(\w+)', '(\w+)', '(\w+)'", text)


def test_views_with_other_columns_take_the_place_of_ours_and_keep_the_grants(owner_db: str, tmp_path: Path) -> None:
    init(owner_db)
    with psycopg.connect(owner_db, autocommit=True) as connection:
        connection.execute("grant select on notify.people to public")

    init(owner_db, of_exactly_these_columns(tmp_path))

    assert rows(owner_db, "select user_id, name from notify.people") == [(1, "own")]
    granted = "select has_table_privilege('public', 'notify.people', 'select')"
    assert rows(owner_db, granted) == [(True,)]


def test_a_plain_init_db_leaves_the_platforms_own_views_alone(owner_db: str, tmp_path: Path) -> None:
    views = of_exactly_these_columns(tmp_path)
    init(owner_db, views)

    init(owner_db)

    assert rows(owner_db, "select user_id, name from notify.people") == [(1, "own")]


def test_views_that_something_else_uses_are_left_with_a_way_out(owner_db: str, tmp_path: Path) -> None:
    init(owner_db)
    with psycopg.connect(owner_db, autocommit=True) as connection:
        connection.execute("create view report as select user_id from notify.people")
    with pytest.raises(ConfigError, match=r"cannot be replaced.*drop what uses them"):
        init(owner_db, of_exactly_these_columns(tmp_path))
    assert rows(owner_db, "select count(*) from report") == [(0,)]


# Other roles


@pytest.fixture(scope="module")
def roles(server: Server) -> None:
    """Accounts that own nothing: `reader` is granted something, `guest` too, `stranger` never."""
    with psycopg.connect(server.cluster.url(), autocommit=True) as connection:
        for role in ("reader", "guest", "stranger"):
            connection.execute(f"create role {role} login".encode())


@pytest.mark.usefixtures("roles")
def test_a_role_that_may_only_read_finds_what_is_due_and_writes_nothing(platform: Platform, ready_db: str) -> None:
    person = platform.person("alice")
    platform.enrolment(person, at=platform.now)
    group = platform.group(members=[person])
    platform.meeting(group, platform.now + 24 * HOUR)
    for grant in (
        "grant usage on schema notify to reader",
        "grant select on all tables in schema notify to reader",
        "grant select on reminders_log, reminder_recipients_log to reader",
    ):
        platform.connection.execute(grant.encode())
    url = as_user(ready_db, "reader")
    settings = config.load({"DATABASE_URL": url})

    def connect() -> db.Connection:
        return db.connect(url)

    found = sweep.preview(connect, settings, now=platform.now)
    assert {d.reminder_type for d in found} == {"welcome", "meeting_reminder_24h"}
    with connect() as connection:
        assert batch.load(connection, found, settings, None, now=platform.now)
        with pytest.raises(ConfigError, match="permission denied for table reminders_log"):
            log.claim(connection, found, token=uuid4(), lease=HOUR)
    for table in ("reminders_log", "reminder_recipients_log", "notify.dm_channels"):
        assert rows(ready_db, f"select count(*) from {table}") == [(0,)]


@pytest.mark.usefixtures("roles")
def test_a_role_without_rights_is_told_so(platform_db: str) -> None:
    stranger = as_user(platform_db, "stranger")
    with pytest.raises(ConfigError, match="the database role may not do this: permission denied"):
        init(stranger)
    with db.connect(stranger) as connection, pytest.raises(ConfigError, match="run notify init-db"):
        due.find(connection, Window(), Policy())
    init(as_user(platform_db))
    with db.connect(stranger) as connection, pytest.raises(ConfigError, match="may not do this: permission denied"):
        due.find(connection, Window(), Policy())


@pytest.mark.usefixtures("roles")
def test_a_role_that_does_not_own_the_platforms_tables_can_do_it(empty_db: str) -> None:
    with psycopg.connect(empty_db, autocommit=True) as connection:
        for grant in (
            f"grant create on database {connection.info.dbname} to guest",
            "grant create on schema public to guest",
            "grant select on all tables in schema public to guest",
        ):
            connection.execute(grant.encode())
    url = as_user(empty_db, "guest")
    for _ in range(2):
        init(url)
    with db.connect(url) as connection:
        assert due.find(connection, Window(), Policy()) == []
        owned = "select count(*) from pg_indexes where indexname like 'notify\\_%%'"
        assert connection.execute(owned.encode()).fetchone() == (0,)  # those are its owner's to make
        keyed = "select count(*) from pg_indexes where indexname = 'reminders_log_notification_key_idx'"
        assert connection.execute(keyed.encode()).fetchone() == (1,)


# The SQL by hand


def test_the_printed_sql_does_the_same_through_psql_twice(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "init.sql"
    path.write_text(schema.script())
    with server.database(PLATFORM) as url, server.database(PLATFORM) as other:
        for _ in range(2):
            done = subprocess.run(
                [cluster._binaries() / "psql", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-q", "-f", path, as_user(url)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        init(as_user(other))
        assert shape(as_user(url)) == shape(as_user(other))


def test_the_printed_sql_has_the_views_it_was_given(tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    views.write_text("create view notify.people as select 1;")
    assert "select 1;" in schema.script(views)
    assert "from users u" not in schema.script(views)
    with pytest.raises(ConfigError, match="No such file"):
        schema.script(tmp_path / "nothing.sql")


def test_a_database_that_is_not_ready_says_what_to_do(platform_db: str) -> None:
    with db.connect(platform_db) as connection:
        with pytest.raises(ConfigError, match="run notify init-db"):
            due.find(connection, Window(), Policy())
        with pytest.raises(ConfigError, match="run notify init-db"):
            log.expire(connection)
