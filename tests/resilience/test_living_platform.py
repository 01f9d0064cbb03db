"""Sixty hours beside a platform that lives: what happens to it costs no message, and doubles none.

Another program's ORM owns the tables; sweeps run as a role with the least rights. The same hours on a platform to which
nothing happens say what each provider should have got.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from notify_cli import db
from notify_cli.demo import cluster
from notify_cli.errors import ConfigError
from notify_cli.platform import schema
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.paths import PACKAGE, ROOT, VIEWS
from tests.support.postgres import EMPTY, Server, as_user
from tests.support.shell import Shell
from tests.support.world import World

HOUR = timedelta(hours=1)
SWEEPS = 30  # two hours apart
JOB = "sweeper"
# What the ORM has models of; to whatever else it finds in its schema it says: remove it.
MODELS = {"users", "courses", "cohorts", "groups", "groups_users", "courses_users", "meetings", "lesson_sessions"}


@dataclass
class House:
    """A platform in which time passes, as seen by its owner (`world.connection`) and swept by `JOB`."""

    world: World
    settings: dict[str, str]
    moving: int = field(init=False)

    def settle_in(self) -> None:
        """Alice and bob are in a group that meets tomorrow, the day after and in four days; dave tries a lesson."""
        platform = self.world.platform
        alice, bob, _, dave = platform.people("alice", "bob", "carol", "dave")
        group = platform.group()
        for person in (alice, bob):
            platform.member(group, person, joined_at=platform.now - 30 * HOUR)
        platform.enrolment(alice, at=platform.now - HOUR)
        platform.session(dave, "intro", started_at=platform.now - HOUR)
        for hours in (23, 47):
            self.world.meeting_in(group, hours=hours)
        self.moving = self.world.meeting_in(group, hours=100)

    def live(self, hour: int) -> None:
        """What people do in the hours up to this one."""
        platform, at = self.world.platform, self.world.now + hour * HOUR
        if hour == 10:
            platform.enrolment(3, at=at)
            platform.member(1, 3, joined_at=at)
        elif hour == 14:
            platform.move(self.moving, self.world.now + 101 * HOUR)
        elif hour == 50:
            platform.leave(1, 2, at=at)

    def sweep(self, hour: int) -> None:
        """One sweep at this hour, as the role that may do nothing else."""
        swept = replace_url(self.world, as_user(self.world.url, JOB))
        summary = swept.sweep(swept.settings(**self.settings), now=self.world.now + hour * HOUR)
        assert (summary.exit_code, summary.left, summary.faults) == (0, 0, [])

    def received(self) -> Counter[str]:
        """Each message that a provider was asked to take, by what identifies it: Message-ID or nonce.

        A version of a calendar by its reader and its words: its Message-ID has the SEQUENCE, of which a baseline leaves
        some out.
        """
        posts = (r for r in self.world.discord.requests if r.path.endswith("/messages"))
        return Counter([*map(_identity, self.world.sendgrid.mails), *(str(request.json["nonce"]) for request in posts)])


def _identity(mail: dict[str, Any]) -> str:
    if not any(part["type"].startswith("text/calendar") for part in mail["content"]):
        return str(mail["headers"]["Message-ID"])
    [reader] = mail["personalizations"][0]["to"]
    return f"{reader['email']}: {mail['content'][0]['value']}"


@contextmanager
def houses(server: Server, tmp_path: Path) -> Iterator[tuple[House, House]]:
    """Two platforms with the same people at the same time, and no log of their own."""
    course = tmp_path / "course.yaml"
    course.write_text("slug: ai\nprogression:\n" + "".join(f"- lesson: l{n}\n- meeting: {n}\n" for n in (1, 2, 3)))
    with ExitStack() as stack:
        found: list[House] = []
        for _ in range(2):
            url = stack.enter_context(server.database(EMPTY))
            with db.connect(as_user(url)) as owner:
                schema.create(owner, catch_up=True)
            world = World(
                url,
                stack.enter_context(db.connect(url)),
                stack.enter_context(FakeSendGrid()),
                stack.enter_context(FakeDiscord()),
            )
            found.append(House(world, {"NOTIFY_COURSES": str(course)}))
        found[1].world.platform.now = found[0].world.now
        for house in found:
            house.settle_in()
        yield found[0], found[1]


def replace_url(world: World, url: str) -> World:
    """The same world, reached by another URL."""
    other = World(url, world.connection, world.sendgrid, world.discord)
    other.platform.now = world.now
    return other


def run(program: str, *arguments: str, given: str | None = None) -> str:
    command = [str(cluster._binaries() / program), *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


def grant(house: House, shell: Shell) -> None:
    """Give the least rights to the role, as `init-db --grants` prints them."""
    printed = shell("init-db", "--grants", JOB)
    run("psql", "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1", as_user(house.world.url), given=printed.out)


def upgraded_in_mid_sweep(house: House, folder: Path) -> None:
    """The first sweep, of a copy of the package that is gone when its first request arrives."""
    copy = folder / "copy"
    shutil.copytree(PACKAGE, copy / "notify_cli", ignore=shutil.ignore_patterns("__pycache__"))
    for beside in ("messages.yaml", "email_base.html"):
        shutil.copy(ROOT / beside, copy)
    house.world.sendgrid.script(lambda request: shutil.rmtree(copy, ignore_errors=True))
    environment = house.world.environment(**house.settings) | {"PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"DATABASE_URL": as_user(house.world.url, JOB), "NOTIFY_MESSAGES": str(copy / "messages.yaml")}
    environment |= {"PYTHONPATH": str(copy)}
    its_own = f"from notify_cli import cli; assert cli.__file__.startswith({str(copy)!r}); cli.main()"
    command = [sys.executable, "-c", its_own, "sweep-due"]
    ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not copy.exists()
    house.world.sendgrid.script([])


def autogenerated(house: House) -> None:
    """What a tool that compares a schema with its models proposes, and somebody lets it run."""
    tables = house.world.connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    for unknown in {name for (name,) in tables} - MODELS:
        house.world.connection.execute(f"drop table public.{unknown} cascade".encode())


def migrated(house: House, shell: Shell, folder: Path) -> None:
    """A migration that alters and drops columns under the views, while cron goes on."""
    migration = (
        "alter table users alter user_id type bigint, alter email type varchar(200)",
        "alter table courses_users drop column course_id",
        "alter table groups drop column recurring_meeting_time_utc",
    )
    with psycopg.connect(as_user(house.world.url), autocommit=True) as orm:
        with pytest.raises(psycopg.errors.DatabaseError):
            orm.execute(migration[1].encode())
        assert shell("init-db", "--drop-views").code == 0
        with pytest.raises(ConfigError, match="the views are away"):
            house.sweep(0)
        for statement in migration:
            orm.execute(statement.encode())
    views = folder / "views.sql"
    text = VIEWS.read_text(encoding="utf-8")
    views.write_text(text.replace("left join courses c on c.course_id = cu.course_id", "left join courses c on false"))
    assert shell("init-db", "--views", views).code == 0


def restored(house: House, server: Server, shell: Shell, backup: Path, url: str, hour: int) -> Shell:
    """Yesterday's backup, in a database of its own, and what was due since counted as done."""
    run("pg_restore", f"--dbname={url}", str(backup))
    house.world = replace_url(house.world, url)
    house.world.connection = db.connect(url)
    house.world.platform.connection = house.world.connection
    shell = replace(shell, world=replace_url(house.world, as_user(url)))
    at = house.world.now + hour * HOUR
    counted = shell("baseline", "--before", at.isoformat(), "--json", **house.settings)
    assert counted.json["messages"] > 0
    return shell


def test_each_message_goes_out_once_whatever_happens_to_the_platform(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(server.cluster.url(), autocommit=True) as connection:
        connection.execute(f"create role {JOB} login".encode())
    backup = tmp_path / "backup"
    with houses(server, tmp_path) as (quiet, house), server.database("template0") as spare:
        for one in (quiet, house):
            shell = Shell(replace_url(one.world, as_user(one.world.url)), monkeypatch, capsys)
            grant(one, shell)
        for number in range(SWEEPS):
            hour = 2 * number
            quiet.live(hour)
            quiet.sweep(hour)

            house.live(hour)
            if hour == 0:
                upgraded_in_mid_sweep(house, tmp_path)
            elif hour == 8:
                autogenerated(house)
            elif hour == 18:
                migrated(house, shell, tmp_path)
            elif hour == 30:
                run("pg_dump", "--format=custom", f"--file={backup}", house.world.url)
            elif hour == 40:
                shell = restored(house, server, shell, backup, spare, hour)
            house.sweep(hour)
        house.world.connection.close()

        assert house.received() == quiet.received()
        assert max(quiet.received().values()) == 1
        assert len(quiet.received()) > 30
