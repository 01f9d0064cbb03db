"""The worked example of docs/integrate.md: another platform's tables, its views, and who gets what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from notify_cli import db
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.paths import PACKAGE, ROOT
from tests.support.postgres import Server, as_user
from tests.support.shell import Shell
from tests.support.world import World

EXAMPLE = ROOT / "docs" / "examples" / "academy"
VIEWS = EXAMPLE / "views.sql"
ASKED_FOR = [
    "create index concurrently on academy.signup (pod_no);",
    "create index concurrently on academy.signup (account_no);",
    "create index concurrently on academy.signup (in_pod_since);",
    "create index concurrently on academy.sitting (scheduled_at);",
    "create index concurrently on academy.sitting (pod_no, scheduled_at);",
    "create index concurrently on academy.sitting (entered_at);",
    "create index concurrently on academy.signup (signed_up_at);",
    "create index concurrently on academy.section_progress (opened_at);",
    "create index concurrently on academy.mute (account_no);",
]


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """The academy's database, as its owner, before init-db."""
    with server.database("template0") as made:
        name = psycopg.conninfo.conninfo_to_dict(made)["dbname"]
        with psycopg.connect(made, autocommit=True) as connection:
            connection.execute(f"grant create on database {name} to platform_owner".encode())
        execute(as_user(made), (EXAMPLE / "tables.sql").read_text())
        yield as_user(made)


@pytest.fixture
def world(url: str) -> Iterator[World]:
    with db.connect(url) as connection, FakeSendGrid() as sendgrid, FakeDiscord() as discord:
        yield World(url, connection, sendgrid, discord)


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def asked_for(output: str) -> list[str]:
    """The indexes that init-db asks for."""
    return [line for line in output.splitlines() if line.startswith("create index")]


def test_who_gets_what_on_the_academy(world: World, shell: Shell, url: str) -> None:
    settings = {"NOTIFY_COURSES": str(EXAMPLE / "courses")}
    assert shell("init-db", "--views", VIEWS, "--catch-up").code == 0
    execute(url, (EXAMPLE / "sample.sql").read_text())
    swept = shell("sweep-due", "--json", **settings).json
    assert {(row["reminder_type"], row["method"], row["recipient"]) for row in world_log(world)} == {
        ("meeting_reminder_24h", "email", "Ada"),
        ("meeting_reminder_24h", "email", "Cleo"),
        ("meeting_reminder_24h", "discord_channel", "Owls"),
        ("lesson_nudge_1d", "email", "Ada"),
        ("lesson_nudge_1d", "discord_dm", "Ben"),
        ("trial_nudge", "email", "Eve"),
        ("welcome", "email", "Fay"),
    }
    assert swept["delivered"] == 7
    assert shell("sweep-due", "--json", **settings).json["due"] == 0
    assert shell("doctor", **settings).code == 0


def world_log(world: World) -> list[dict[str, str]]:
    """What was delivered, with names in place of numbers."""
    names = """
        select 'user_' || account_no, display_name from academy.account
        union select 'group_' || pod_no, title from academy.pod
    """
    called: dict[str, str] = dict(world.connection.execute(names).fetchall())
    return [row | {"recipient": called[row["notification_key"].rsplit("/", 1)[1]]} for row in world.log()]


def test_the_academys_ways_of_saying_no_are_told_by_explain(shell: Shell, url: str) -> None:
    shell("init-db", "--views", VIEWS, "--catch-up")
    execute(url, (EXAMPLE / "sample.sql").read_text())
    said = {line["rule"]: line["verdict"] for line in shell("explain", "--user", 4, "--meeting", 1, "--json").json}
    assert said["meeting_reminder_24h"] == "not_attending"


def test_init_db_asks_for_the_indexes_that_the_academys_tables_lack_and_then_no_more(shell: Shell, url: str) -> None:
    ran = shell("init-db", "--views", VIEWS)
    assert asked_for(ran.out) == ASKED_FOR
    for statement in ASKED_FOR:
        execute(url, statement)
    assert asked_for(shell("init-db").out) == []


def test_the_page_shows_the_indexes_that_init_db_asks_for() -> None:
    page = (ROOT / "docs" / "integrate.md").read_text()
    assert re.findall(r"^create index .*;$", page, re.MULTILINE) == ASKED_FOR


def test_the_page_lists_the_columns_of_the_contract() -> None:
    kinds = {"count": "integer", "moment": "moment", "id": "id", "text": "text", "boolean": "boolean"}
    contract = (PACKAGE / "platform" / "contract.sql").read_text()
    wanted = [
        (relation, column, kinds[kind])
        for relation, column, kind in re.findall(r"\('(notify\.\w+)', '(\w+)', '(\w+)'", contract)
        if relation != "notify.unusable"
    ]
    told = [
        (relation, column, kind)
        for relation, text in re.findall(
            r"^### `(notify\.\w+)`(.*?)(?=^##|\Z)",
            (ROOT / "docs" / "integrate.md").read_text(),
            re.MULTILINE | re.DOTALL,
        )
        for column, kind in re.findall(r"^\| (\w+) \| (\w+) \|", text, re.MULTILINE)
        if column != "column"
    ]
    assert told == wanted


def test_an_index_on_an_expression_or_of_a_partitioned_table_is_asked_for_as_it_can_be_made(
    shell: Shell, url: str, tmp_path: Path
) -> None:
    execute(
        url,
        "create table academy.old_sitting (sitting_no bigint, pod_no text, at timestamptz) partition by range (at);"
        "create table academy.old_sitting_now partition of academy.old_sitting default;",
    )
    own = tmp_path / "views.sql"
    head, _, tail = VIEWS.read_text().partition("create or replace view notify.meetings")
    own.write_text(
        head
        + "create view notify.meetings as select sitting_no as meeting_id, nullif(pod_no, '')::int as group_id,"
        + " at as starts_at, null::int as duration_minutes, null::int as number, null::timestamptz as created_at,"
        + " null::text as join_url from academy.old_sitting"
        + tail[tail.index(";") :]
    )
    asked = asked_for(shell("init-db", "--views", own).out)
    of_meetings = [statement for statement in asked if "old_sitting" in statement]
    assert of_meetings == [
        "create index on academy.old_sitting (sitting_no);",
        "create index on academy.old_sitting (at);",
        "create index on academy.old_sitting (((NULLIF(pod_no, ''::text))::integer), at);",
    ]
    for statement in asked:
        execute(url, statement)
    assert asked_for(shell("init-db").out) == []


def test_no_index_is_asked_for_where_none_can_help(shell: Shell, tmp_path: Path) -> None:
    own = tmp_path / "views.sql"
    head, _, tail = VIEWS.read_text().partition("create or replace view notify.preferences")
    own.write_text(
        f"{head}create view notify.preferences as select max(account_no) as user_id, message as reminder_type,"
        f" null::text as method, false as enabled from academy.mute group by message{tail[tail.index(';') :]}"
    )
    ran = shell("init-db", "--views", own)
    assert ran.code == 0
    assert [one for one in asked_for(ran.out) if "mute" in one] == []


def test_ids_that_are_uuids_are_refused_with_what_to_do(shell: Shell, url: str, tmp_path: Path) -> None:
    execute(url, "create table academy.person (id uuid primary key, name text)")
    own = tmp_path / "views.sql"
    head, _, tail = VIEWS.read_text().partition("create or replace view notify.people")
    people = (
        "create view notify.people as select id as user_id, name, null::text as email, true as email_enabled,"
        " null::text as discord_id, true as dm_enabled, null::text as timezone from academy.person"
    )
    own.write_text(head + people + tail[tail.index(";") :])
    ran = shell("init-db", "--views", own)
    assert (ran.code, ran.err.count("\n")) == (78, 1)
    assert "notify.people.user_id is uuid, wanted integer or bigint" in ran.err
    assert "docs/integrate.md" in ran.err


def test_a_table_of_numbers_stands_in_for_ids_that_are_uuids(
    world: World, shell: Shell, url: str, tmp_path: Path
) -> None:
    """As the page says it: its statements, in its order."""
    page = (ROOT / "docs" / "integrate.md").read_text()
    section = page.partition("## Ids that are no numbers")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    execute(
        url,
        "create table academy.person (id uuid primary key, name text, mail text);"
        "insert into academy.person values ('00000000-0000-0000-0000-00000000000a', 'Ada', 'ada@example.org')",
    )
    execute(url, blocks[0])
    execute(url, "insert into academy.person values ('00000000-0000-0000-0000-00000000000b', 'Ben', 'ben@example.org')")
    own = tmp_path / "views.sql"
    head, _, tail = VIEWS.read_text().partition("create or replace view notify.people")
    own.write_text(head + blocks[1].removesuffix(";\n") + tail[tail.index(";") :])
    assert shell("init-db", "--views", own).code == 0
    people = world.connection.execute("select user_id, name from notify.people order by 1").fetchall()
    assert people == [(1, "Ada"), (2, "Ben")]
