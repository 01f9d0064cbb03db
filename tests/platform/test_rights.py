"""What a role may do and see: the least rights are enough, each that is missing is named, and so is what hides rows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from notify_cli import cli, db
from notify_cli.check import Check
from notify_cli.demo import cluster
from notify_cli.platform import rights, schema
from tests.support.paths import MESSAGES
from tests.support.postgres import EMPTY, PLATFORM, Server, as_user
from tests.support.shell import Shell
from tests.support.world import World

GRANTED = (
    "grant usage on schema notify to job",
    "grant select on all tables in schema notify to job",
    "grant insert, update, delete on notify.dm_channels to job",
    "grant insert, delete on notify.suppressions to job",
    "grant insert, update on notify.reconciled to job",
    "grant insert, update on notify.timing to job",
    "grant insert on notify.since to job",
    "grant insert, update, delete on notify.runs to job",
    "grant insert, update on notify.calendars to job",
    "grant select, insert, update, delete on reminders_log to job",
    "grant select, insert, delete on reminder_recipients_log to job",
    "grant usage on all sequences in schema public to job",
)
GROUND = (
    "grant all on schema public to job",
    "grant all on all tables in schema public to job",
    "grant all on all sequences in schema public to job",
)


# All that a role with the printed rights is to be able to do, on what `busy` makes.
COMMANDS = {
    "sweep-due": ["--json", "--dry-run"],
    "send": ["welcome --user 1 --at 2030-01-01T12:00Z", "announcement --user 1 --set subject=a --set text=b"],
    "cancel": ["user_1_*", "--undo user_1_*"],
    "baseline": ["", "--undo"],
    "preview": ["welcome --user 1", "--check"],
    "page": ["{folder}/page"],
    "upcoming": [""],
    "log": [""],
    "show": ["1"],
    "explain": ["--user 1"],
    "status": ["", "--prometheus"],
    "forecast": ["--messages {messages}"],
    "audit": ["--since 3d --mend", "--since 3d"],
    "reconcile": [""],
    "prune": ["--older-than 52w", "--user 1", "--user 3"],
    "doctor": [""],
}
FOR_OTHERS = {"init-db", "uninstall", "demo"}  # the owner's, and one with a database of its own


@pytest.fixture(scope="module", autouse=True)
def _role(server: Server) -> None:
    with psycopg.connect(server.cluster.url(), autocommit=True) as connection:
        connection.execute("create role job login")


@pytest.fixture
def job(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """Commands as the role `job`, which has no right as yet, on a world in which something is due."""
    group = world.platform.group(members=world.platform.people("alice", "bob"))
    world.meeting_in(group, hours=23.9)  # not long enough ago to be overdue
    world.platform.enrolment(1, at=world.now)
    owner, world.url = world.url, as_user(world.url, "job")
    yield Shell(world, monkeypatch, capsys)
    world.url = owner
    world.connection.execute("alter role job reset all")


def faults(shell: Shell) -> list[Check]:
    found = [Check(**line) for line in shell("doctor", "--json").json]
    return [check for check in found if not check.ok and check.check not in ("SendGrid sender", "Discord server")]


def psql(url: str, script: str) -> None:
    command = [str(cluster._binaries() / "psql"), "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1", url]
    subprocess.run(command, input=script, capture_output=True, text=True, check=True)


def execute(world: World, *statements: str) -> None:
    for statement in statements:
        world.connection.execute(statement.encode())


@pytest.mark.parametrize("template", [EMPTY, PLATFORM])
def test_the_printed_rights_are_enough_for_a_sweep_and_no_more(
    server: Server, template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], world: World
) -> None:
    with server.database(template) as url:
        with db.connect(as_user(url)) as connection:
            schema.create(connection, catch_up=True)
        with db.connect(url) as connection:
            here = World(as_user(url), connection, world.sendgrid, world.discord)
            shell = Shell(here, monkeypatch, capsys)
            printed = shell("init-db", "--grants", "job")
            assert printed.code == 0
            psql(as_user(url), printed.out)
            group = here.platform.group(members=here.platform.people("alice", "bob"))
            here.meeting_in(group, hours=30)
            here.platform.enrolment(1, at=here.now)
            here.url = as_user(url, "job")
            assert faults(shell) == []
            swept = shell("sweep-due", "--json")
            assert (swept.code, swept.json["delivered"] > 0) == (0, True)
            assert shell("sweep-due", "--json").json["due"] == 0
            for command in (
                ["send", "welcome", "--user", 1, "--at", "2030-01-01T12:00Z"],
                ["cancel", "user_1_*"],
                ["cancel", "user_1_*", "--undo"],
                ["upcoming"],
                ["baseline"],
                ["baseline", "--undo"],
                ["log"],
                ["explain", "--user", 1],
                ["preview", "welcome", "--user", 1],
            ):
                assert shell(*command).code == 0, command
            with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(here.url) as role:
                role.execute("select * from users")


def test_the_printed_rights_are_enough_for_every_command(job: Shell, tmp_path: Path) -> None:
    assert COMMANDS.keys() == cli._COMMANDS.keys() - FOR_OTHERS
    with db.connect(as_user(job.world.url)) as owner:
        execute(job.world, *(rights.grant(one.rights, one.object, "job") for one in rights.needed(owner, "job")))
    busy(job)
    for command, ways in COMMANDS.items():
        for way in ways:
            ran = job(command, *way.format(folder=tmp_path, messages=MESSAGES).split())
            assert ran.code in (0, 1), (command, way, ran.err)
            assert "may not" not in ran.err
            assert "permission denied" not in ran.out


def busy(shell: Shell) -> None:
    """Make rows in every table of ours, and a reason for every kind of row that a command writes."""
    world = shell.world
    gone = world.platform.person("carol")
    group = world.platform.group("Owls")
    for person in (1, gone):
        world.platform.member(group, person, joined_at=world.now)
    world.meeting_in(group, hours=30)
    assert shell("sweep-due").code == 0
    world.platform.update("users", {"user_id": gone}, deleted_at=world.now)
    entry = {"created": int(world.now.timestamp()), "reason": "550", "status": "5.1.1"}
    world.sendgrid.suppressed["bounces"] = [entry | {"email": f"{name}@example.org"} for name in ("alice", "carol")]
    assert shell("reconcile").code == 0
    world.sendgrid.suppressed["bounces"] = []
    # a reminder of which an outage swallowed the time, and that still helps
    world.meeting_in(world.platform.group("Herons", members=[2]), hours=0.5)
    world.connection.execute("update notify.runs set last_swept_at = now() - interval '3 hours'")
    assert shell("sweep-due").code == 75
    assert shell("audit", "--since", "3d").code == 1


def test_a_missing_right_is_named_with_its_grant(job: Shell) -> None:
    execute(job.world, *GRANTED)
    assert job("sweep-due", NOTIFY_DM_INTERVAL="0.01").code == 78
    [found] = faults(job)
    assert (found.check, found.detail) == ("rights", "job may not insert, update in table notify.throttle")
    assert found.fix == 'grant insert, update on table notify.throttle to "job";'
    execute(job.world, found.fix)
    assert faults(job) == []
    assert job("sweep-due").code == 0


@pytest.mark.parametrize("grant", GRANTED[1:])
def test_every_right_that_is_missing_is_found(job: Shell, grant: str) -> None:
    execute(
        job.world,
        *GRANTED,
        "grant insert, update on notify.throttle to job",
        grant.replace("grant", "revoke").replace(" to ", " from "),
    )
    found = faults(job)
    assert found
    execute(job.world, *(line for check in found for line in (check.fix or "").splitlines()))
    assert faults(job) == []
    assert job("sweep-due").code == 0


def test_a_role_without_any_right_is_told_all_of_them(job: Shell) -> None:
    found = faults(job)
    execute(job.world, *(check.fix or "" for check in found if check.check == "rights"))
    execute(job.world, *(check.fix or "" for check in faults(job)))
    assert faults(job) == []
    assert job("sweep-due").code == 0


def test_a_read_only_connection_is_not_fit_for_sweeps(job: Shell) -> None:
    execute(job.world, *GRANTED, "grant insert, update on notify.throttle to job")
    execute(job.world, "alter role job set default_transaction_read_only = on")
    [found] = faults(job)
    assert found.check == "database"
    assert "the connection is read-only" in found.detail
    assert found.fix is not None
    assert found.fix.startswith("alter role job reset default_transaction_read_only")


def test_row_security_that_hides_everybody_is_named(job: Shell) -> None:
    name = job.world.connection.info.dbname
    execute(
        job.world,
        "drop schema notify cascade",
        f"grant create on database {name} to job",
        "reassign owned by platform_owner to job",
        "alter table users owner to platform_owner; alter table users enable row level security",
        *GROUND,
    )
    ran = job("init-db")
    assert ran.code == 0
    words = "the row-level security of public.users hides every row from job, who owns notify.people"
    assert words in ran.err
    assert [(check.check, check.detail) for check in faults(job)] == [("row security", words)]
    explained = job("explain", "--user", 1)
    assert (explained.code, explained.out) == (78, "")
    assert words in explained.err

    execute(job.world, "create policy readers on users for select to job using (true)")
    assert faults(job) == []
    [remark] = [line for line in job("doctor", "--json").json if line["check"] == "row security"]
    assert "hides what its policies do not show from job" in remark["detail"]
    execute(job.world, f"revoke create on database {name} from job", "reassign owned by job to platform_owner")


def test_forced_row_security_hides_from_the_owner_too(world: World) -> None:
    execute(world, "alter table users enable row level security")
    assert _hidden(world) == []
    execute(world, "alter table users force row level security")
    assert _hidden(world) == [
        "the row-level security of public.users hides every row from platform_owner, who owns notify.people"
    ]


def test_row_security_on_the_log_itself_is_named(job: Shell) -> None:
    execute(job.world, *GRANTED, "grant insert, update on notify.throttle to job")
    execute(job.world, "alter table reminders_log enable row level security")
    [found] = faults(job)
    assert found.detail == "the row-level security of public.reminders_log hides every row from job"


def test_ids_that_are_nearly_used_up_are_named(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(world, monkeypatch, capsys)
    execute(world, "select setval('reminders_log_reminder_id_seq', 2147480000)")
    [found] = faults(shell)
    assert found.detail == "public.reminders_log.reminder_id: 3647 ids are left of 2147483647"
    assert "bigint" in (found.fix or "")


def test_the_rights_of_a_role_that_does_not_exist_can_be_printed(world: World) -> None:
    found = rights.needed(world.connection, 'no "one"')
    assert found
    assert all(not right.missing for right in found)
    assert rights.grant(["select"], "table x", 'no "one"') == 'grant select on table x to "no ""one""";'


def _hidden(world: World) -> list[str]:
    from notify_cli.platform import row_security

    with db.connect(as_user(world.url)) as connection:
        return [hidden.words for hidden in row_security.applies(connection)]
