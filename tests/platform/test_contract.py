"""What notify relies on is checked by name and by type: by init-db, by doctor, and by a sweep that has work to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from notify_cli import db
from notify_cli.errors import ConfigError
from notify_cli.platform import contract, schema
from tests.support.paths import VIEWS
from tests.support.platform import Platform
from tests.support.postgres import PLATFORM, Server, as_user
from tests.support.shell import Shell
from tests.support.views import views_with
from tests.support.world import World

ZONELESS = "alter table meetings alter scheduled_time_utc type timestamp using scheduled_time_utc at time zone 'UTC'"
FOUND = "notify.meetings.starts_at is timestamp without time zone, wanted timestamp with time zone"


@pytest.fixture
def owner_db(server: Server) -> Iterator[str]:
    """A platform's database before init-db, as its owner."""
    with server.database(PLATFORM) as url:
        yield as_user(url)


def init(url: str, views: Path | None = None) -> None:
    with db.connect(url) as connection:
        schema.create(connection, views)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_time_without_a_zone_is_refused_by_init_db(owner_db: str) -> None:
    execute(owner_db, ZONELESS)
    with pytest.raises(ConfigError) as caught:
        init(owner_db)
    assert caught.value.lines == [f"the views: {FOUND}"]
    execute(owner_db, "create schema notify")  # nothing was left of the attempt


@pytest.mark.parametrize(
    ("view", "expression", "wanted"),
    [
        ("people", "null::numeric as user_id", "user_id is numeric, wanted integer or bigint"),
        ("people", "1 as name", "name is integer, wanted text"),
        ("people", "1::bigint as discord_id", "discord_id is bigint, wanted text"),
        ("people", "'on'::text as email_enabled", "email_enabled is text, wanted boolean"),
        ("groups", "1::bigint as server_id", "server_id is bigint, wanted text"),
        ("members", "current_date as joined_at", "joined_at is date, wanted timestamp with time zone"),
        ("meetings", "60.0 as duration_minutes", "duration_minutes is numeric, wanted integer"),
        ("meetings", "1::bigint as number", "number is bigint, wanted integer"),
        ("enrolments", "'x'::text as cohort_id", "cohort_id is text, wanted integer or bigint"),
        ("enrolments", "'yes'::text as active", "active is text, wanted boolean"),
        ("lesson_sessions", "1 as lesson_id", "lesson_id is integer, wanted text"),
    ],
)
def test_every_type_that_does_not_fit_is_named(
    owner_db: str, tmp_path: Path, view: str, expression: str, wanted: str
) -> None:
    name = expression.rpartition(" ")[2]
    views = views_with(tmp_path)
    text = views.read_text().replace(f"create or replace view notify.{view} as", f"create view notify.{view} as")
    head, _, rest = text.partition(f"create view notify.{view} as")
    body, _, tail = rest.partition(";")
    others = [column for relation, column in columns() if relation == f"notify.{view}" and column != name]
    select = f"with base as ({body}) select {', '.join(others)}, {expression} from base"
    views.write_text(f"{head}create view notify.{view} as {select};{tail}")
    with pytest.raises(ConfigError) as caught:
        init(owner_db, views)
    assert caught.value.lines == [f"{views}: notify.{view}.{wanted}"]


def test_all_that_does_not_fit_is_named_at_once(owner_db: str, tmp_path: Path) -> None:
    views = views_with(
        tmp_path,
        ("    m.scheduled_time_utc as starts_at", "    m.scheduled_time_utc::timestamp as starts_at"),
        ("    u.user_id,", "    u.user_id::text as user_id,"),
        ("    gu.left_at,\n", ""),
    )
    with pytest.raises(ConfigError) as caught:
        init(owner_db, views)
    assert [line.removeprefix(f"{views}: ") for line in caught.value.lines] == [
        "notify.people.user_id is text, wanted integer or bigint",
        "notify.members has no column left_at",
        FOUND,
    ]


def test_ids_may_be_bigint_and_text_any_string(owner_db: str, tmp_path: Path) -> None:
    execute(owner_db, "create domain label as varchar(40)")
    views = views_with(
        tmp_path,
        ("    u.user_id,", "    u.user_id::bigint as user_id,"),
        ("u.timezone::text as timezone", "u.timezone::label as timezone"),
        ("g.group_name::text as group_name", "g.group_name::varchar(200) as group_name"),
        ("    gu.group_id,\n", "    gu.group_id::smallint as group_id,\n"),
    )
    init(owner_db, views)


def test_optional_views_are_checked_where_they_are(owner_db: str) -> None:
    init(owner_db)
    execute(
        owner_db,
        "create view notify.attendance as select 1 as meeting_id, 2 as user_id, 'no'::text as attending",
        "create view notify.preferences as select 1 as user_id, 'welcome'::text as reminder_type,"
        " null::text as method, false as enabled",
    )
    with db.connect(owner_db) as connection:
        assert [fault.words for fault in contract.faults(connection)] == [
            "notify.attendance has no column guest",
            "notify.attendance.attending is text, wanted boolean",
        ]


def test_a_log_whose_columns_do_not_fit_is_refused(owner_db: str) -> None:
    execute(
        owner_db,
        "alter table reminders_log add column job_id bigint, add column channel text not null",
        "alter table reminders_log alter sent_at type timestamp, drop column delivery_error",
    )
    with pytest.raises(ConfigError) as caught:
        init(owner_db)
    assert caught.value.lines == [
        "the views: public.reminders_log has no column delivery_error",
        "the views: public.reminders_log.channel may not be null",
        "the views: public.reminders_log.sent_at is timestamp without time zone, wanted timestamp with time zone",
        "the views: public.reminders_log.job_id is bigint, wanted text",
    ]


def test_a_sweep_that_finds_something_due_sends_nothing_on_a_wrong_type(world: World, shell: Shell) -> None:
    group = world.platform.group(members=world.platform.people("alice", "bob"))
    world.meeting_in(group, hours=23)
    world.connection.execute("drop view notify.meetings, notify.unusable")
    world.connection.execute(ZONELESS)
    world.connection.execute(re.sub(r"m\.scheduled_time_utc [<>].*", "true;", _definition("meetings")).encode())
    for command in (["sweep-due"], ["sweep-due", "--dry-run"]):
        ran = shell(*command)
        assert (ran.code, ran.err.count("\n")) == (78, 1)
        assert FOUND in ran.err
    assert world.log() == []
    doctor = shell("doctor", "--json")
    assert doctor.code == 1
    assert FOUND in [line["detail"] for line in doctor.json]


def test_a_sweep_whose_search_fails_says_which_column_is_wrong(world: World, shell: Shell) -> None:
    world.connection.execute("drop view notify.people")
    world.connection.execute(
        _definition("people")
        .replace("nullif(btrim(u.discord_id::text), '')", "u.discord_id::bigint")
        .replace("    u.user_id,", "    u.user_id::text as user_id,")
        .encode()
    )
    ran = shell("sweep-due")
    assert (ran.code, ran.err.count("\n")) == (78, 2)
    assert "notify.people.discord_id is bigint, wanted text" in ran.err
    assert "notify.people.user_id is text, wanted integer or bigint" in ran.err


def test_what_the_shipped_views_need_of_the_platform_is_what_postgres_says(owner_db: str) -> None:
    init(owner_db)
    read = """
        select distinct t.relname, a.attname
        from pg_class v
        join pg_rewrite r on r.ev_class = v.oid
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjsubid > 0
        join pg_class t on t.oid = d.refobjid and t.relnamespace = 'public'::regnamespace
        join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
        where v.relnamespace = 'notify'::regnamespace
    """
    with psycopg.connect(owner_db) as connection:
        rows = connection.execute(read).fetchall()
    needed = {(table, column) for table, columns in schema.needed(VIEWS.read_text()).items() for column in columns}
    assert set(rows) == needed


# What the shipped views make of rows and columns that nobody foresaw


@pytest.mark.parametrize(
    ("kind", "value", "minutes"),
    [
        ("text", "tbd", None),
        ("text", " 90 ", 90),
        ("text", "", None),
        ("text", "1e300", None),
        ("int", "35791395", None),
        ("int", "-5", None),
        ("int", "0", 0),
        ("numeric", "NaN", None),
        ("numeric", "45.5", 46),
        ("float8", "Infinity", None),
        ("float8", "1e22", None),
        ("boolean", "true", None),
        ("interval", "1 hour", None),
        ("jsonb", '{"minutes": 5}', None),
        ("int[]", "{1,2}", None),
    ],
)
def test_a_length_that_is_none_is_unknown(owner_db: str, kind: str, value: str, minutes: int | None) -> None:
    init(owner_db)
    execute(
        owner_db,
        f"alter table meetings add duration_minutes {kind}, add meeting_number {kind}, add join_url {kind}",
        f"alter table users add locale {kind}, alter first_name type text",
        f"alter table groups add discord_server_id {kind}",
    )
    with db.connect(owner_db) as connection:
        platform = Platform(connection)
        platform.meeting(platform.group(), platform.now, duration_minutes=value, meeting_number=value, join_url=value)
        found = connection.execute("select duration_minutes, number from notify.meetings").fetchall()
        assert found == [(minutes, minutes)]
        connection.execute("select * from notify.groups").fetchall()


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "9999-12-31 23:59:59+00", "0001-01-01", "294276-12-31"])
def test_a_meeting_without_a_time_that_a_calendar_can_hold_is_none(owner_db: str, moment: str) -> None:
    init(owner_db)
    with db.connect(owner_db) as connection:
        platform = Platform(connection)
        platform.row("meetings", group_id=platform.group(), scheduled_time_utc=moment)
        assert connection.execute("select * from notify.meetings").fetchall() == []


@pytest.mark.parametrize("kind", ["text", "int", "boolean"])
def test_a_status_may_be_of_any_type(owner_db: str, kind: str) -> None:
    value = {"text": "'active'", "int": "1", "boolean": "true"}[kind]
    for table in ("groups", "cohorts", "groups_users"):
        execute(
            owner_db,
            f"alter table {table} alter status drop default, alter status type {kind} using {value}",
        )
    execute(owner_db, "alter table users alter deleted_at type date, alter discord_id type bigint using null")
    init(owner_db)
    with db.connect(owner_db) as connection:
        platform = Platform(connection)
        fits = kind == "text"
        cohort = platform.row("cohorts", cohort_name="W", course_id=platform.course(), status=value.strip("'"))
        platform.row("groups", group_name="Otters", cohort_id=cohort, status=value.strip("'"))
        assert connection.execute("select active from notify.groups").fetchall() == [(fits,)]


@pytest.mark.parametrize("name", [None, "", " ", "\t\n", " \r "])
def test_a_name_without_a_letter_is_there(owner_db: str, name: str | None) -> None:
    init(owner_db)
    with db.connect(owner_db) as connection:
        platform = Platform(connection)
        platform.person(name, first_name=name, discord_username=name, email=None)
        assert connection.execute("select name from notify.people").fetchall() == [("there",)]


def columns() -> list[tuple[str, str]]:
    """The columns of the contract that the views must have, in its order, by relation."""
    text = (Path(schema.__file__).parent / "contract.sql").read_text()
    found = re.findall(r"\('([\w.]+)', '(\w+)', '\w+', '(\w+)'", text)
    return [(relation, column) for relation, column, need in found if need == "required" or column == "active"]


def _definition(view: str) -> str:
    return re.search(rf"create or replace view notify\.{view} as.*?;", VIEWS.read_text(), re.DOTALL)[0]  # type: ignore[index]


def test_a_log_in_partitions_is_refused_with_the_reason(owner_db: str) -> None:
    execute(
        owner_db,
        "alter table reminder_recipients_log drop constraint reminder_recipients_log_reminder_id_fkey",
        "drop table reminders_log",
        "create table reminders_log (reminder_id serial, message text, reminder_type text, sent_at timestamptz,"
        " delivery_method delivery_method, delivery_status delivery_status, delivery_error text,"
        " created_at timestamptz default now()) partition by range (created_at)",
    )
    with pytest.raises(ConfigError, match="reminders_log is partitioned, and then no key can be unique in all of it"):
        init(owner_db)
