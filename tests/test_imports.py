"""What a run loads: cron starts one every minute, and nearly always there is nothing to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.world import World

# Each of them would be a noticeable part of an idle run.
HEAVY = {
    "babel", "dateutil", "idna", "markdown_it", "h11", "httpcore", "httpx", "icalendar", "rich", "sendgrid", "yaml",
    "notify_cli.api", "notify_cli.channels", "notify_cli.course", "notify_cli.messages", "notify_cli.messages.render",
    "notify_cli.model", "notify_cli.due.calendars",
    "notify_cli.platform.schema", "notify_cli.sending.channel_run", "notify_cli.cli.looking", "notify_cli.cli.setup",
}  # fmt: skip


@pytest.fixture
def world(world: World) -> World:
    """An earlier sweep has kept what it read of the messages file."""
    world.sweep()
    return world


def loaded(script: str, world: World | None = None) -> set[str]:
    """The modules that a Python has loaded when it has run the script."""
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)"],
        env=world.environment() if world else {},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_an_idle_sweep_loads_nothing_that_only_a_busy_one_needs(world: World) -> None:
    sweep = "from notify_cli import cli; assert cli.run(['sweep-due']) == 0"
    assert loaded(sweep, world) & HEAVY == set()


def test_an_idle_sweep_stays_as_light_with_a_course_file(world: World) -> None:
    sweep = """
import os
os.environ["NOTIFY_COURSES"] = os.environ["NOTIFY_MESSAGES"]  # any file: nobody asks for it
from notify_cli import cli
assert cli.run(["sweep-due"]) == 0
"""
    assert loaded(sweep, world) & HEAVY == set()


def test_an_idle_sweep_reads_no_statement_of_the_outcome(world: World) -> None:
    read = """
import sys
read = []
sys.addaudithook(lambda event, args: read.append(str(args[0])) if event == "open" else None)
from notify_cli import cli
assert cli.run(["sweep-due"]) == 0
print(*(path.rpartition("/")[2] for path in read if path.endswith(".sql")))
"""
    found = loaded(read, world)
    assert "verdict.sql" in found
    assert not found & {"record.sql", "release.sql", "claim.sql", "reserve.sql"}


def test_a_busy_sweep_loads_them(world: World) -> None:
    """Lest the names above become names of nothing."""
    alice = world.platform.person("alice")
    group = world.platform.group("Otters", members=[alice])
    world.meeting_in(group, hours=0.9)
    found = loaded("from notify_cli import cli; assert cli.run(['sweep-due']) == 0", world)
    assert {"httpcore", "yaml", "notify_cli.channels", "notify_cli.sending.channel_run", "notify_cli.messages"} <= found
    assert {"httpx", "sendgrid"} <= found
    # httpx's own command line, which it loads where rich is installed
    assert not {"rich", "pygments"} & found


def test_only_a_day_in_words_needs_dateutil() -> None:
    ready = "from notify_cli.cli import when; when.instant('2027-02-04T09:00'); when.duration('7d')"
    assert "dateutil" not in loaded(ready)
    assert "dateutil" in loaded(
        "from datetime import *; from notify_cli.cli import when; when.later('9:00', datetime.now(UTC))"
    )


@pytest.mark.parametrize("module", ["notify_cli", "notify_cli.model", "notify_cli.errors"])
def test_the_package_itself_is_light(module: str) -> None:
    light = loaded(f"import {module}")
    assert not light & (HEAVY - {module} | {"psycopg", "typer"})
