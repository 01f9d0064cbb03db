"""A backup is restored: what was sent since then is due again, until it is counted as done."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli.demo import cluster
from tests.support.postgres import Server
from tests.support.shell import Shell
from tests.support.world import World


def program(name: str, *arguments: str) -> None:
    subprocess.run([str(cluster._binaries() / name), *arguments], capture_output=True, check=True)


@pytest.fixture
def restored(
    world: World, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """A database as it was before five messages were sent."""
    shell = Shell(world, monkeypatch, capsys)
    group = world.platform.group(members=world.platform.people("alice", "bob"))
    world.meeting_in(group, hours=23)
    world.platform.enrolment(1, at=world.now - timedelta(hours=1))
    backup = str(tmp_path / "backup")
    program("pg_dump", "--format=custom", f"--file={backup}", world.url)
    assert shell("sweep-due", "--json").json["delivered"] == 5
    with server.database("template0") as url:
        program("pg_restore", f"--dbname={url}", backup)
        yield replace(shell, world=World(url, world.connection, world.sendgrid, world.discord))


def test_what_was_sent_since_the_backup_can_be_counted_as_done(restored: Shell) -> None:
    [sweeps] = [line for line in restored("doctor", "--json").json if line["check"] == "sweeps"]
    assert "notify baseline" in sweeps["fix"]
    assert restored("baseline", "--dry-run", "--json").json["messages"] == 5
    assert restored("baseline", "--json").json["messages"] == 5
    assert restored("sweep-due", "--json").json["due"] == 0
    assert [one["reminder_type"] for one in restored("upcoming", "--json").json] == ["meeting_reminder_1h"] * 3
    restored("baseline", "--undo")
    assert restored("sweep-due", "--json").json["delivered"] == 5


def test_init_db_on_a_backup_that_knows_of_nothing_sent_holds_it_back(restored: Shell) -> None:
    assert "5 messages would go out again and are held back" in restored("init-db").err
    assert restored("sweep-due", "--json").json["due"] == 0
