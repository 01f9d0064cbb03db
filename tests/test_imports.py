"""What a run loads: cron starts one every minute, and nearly always there is nothing to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.world import World

# Each of them would be a noticeable part of an idle run.
HEAVY = {
    "dateutil", "h11", "httpcore", "httpx", "icalendar", "rich", "sendgrid", "yaml",
    "notify_cli.api", "notify_cli.channels", "notify_cli.course", "notify_cli.lane", "notify_cli.messages",
    "notify_cli.messages.render", "notify_cli.schema", "notify_cli.cli.looking", "notify_cli.cli.setup",
}  # fmt: skip


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


def test_a_busy_sweep_loads_them(world: World) -> None:
    """Lest the names above become names of nothing."""
    alice = world.platform.person("alice")
    group = world.platform.group("Otters", members=[alice])
    world.meeting_in(group, hours=0.9)
    found = loaded("from notify_cli import cli; assert cli.run(['sweep-due']) == 0", world)
    assert {"httpcore", "yaml", "notify_cli.channels", "notify_cli.lane", "notify_cli.messages"} <= found
    assert {"httpx", "sendgrid"} <= found


@pytest.mark.parametrize("module", ["notify_cli", "notify_cli.model", "notify_cli.errors"])
def test_the_package_itself_is_light(module: str) -> None:
    light = loaded(f"import {module}")
    assert not light & (HEAVY | {"psycopg", "typer"})
