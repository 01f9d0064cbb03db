"""Somebody who has never seen the tool gets through a day by `--help` alone."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta

import typer
from typer.core import TyperGroup

from notify_cli import cli
from tests.support.terminal import Command
from tests.support.world import World


def options_of(command: str, notify: Command) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z-]+", notify(command, "--help").out))


def test_they_find_alice_say_why_announce_a_change_look_first_and_call_it_off(world: World, notify: Command) -> None:
    cohort = world.platform.cohort("Winter")
    alice = world.platform.person("Alice", wants_email=False, discord_id=None)
    for person in (alice, *world.platform.people("Bob", "Erin")):
        world.platform.enrolment(person, cohort=cohort)
    otters = world.platform.group("Otters", cohort=cohort, members=[alice])
    world.meeting_in(otters, hours=20)
    world.sweep()
    overview = notify("--help").out
    for command in ("explain", "send", "cancel", "upcoming", "log", "preview"):
        assert re.search(rf"^  {command} ", overview, re.MULTILINE)
    assert {"--user"} <= options_of("explain", notify)
    assert {"--cohort", "--set", "--at", "--dry-run"} <= options_of("send", notify)
    assert {"--undo", "--dry-run"} <= options_of("cancel", notify)

    why = notify("explain", "--user", "Alice")
    assert why.code == 0
    [line] = [line for line in why.out.splitlines() if line.startswith("meeting_reminder_24h")]
    assert "email: switched off by Alice" in line

    needs = next(line for line in notify("preview").out.splitlines() if line.startswith("announcement"))
    assert "subject" in needs
    assert "text" in needs
    news = ["send", "announcement", "--cohort", "Winter", "--set", "subject=New room", "--set", "text=We meet in B12."]
    looked = notify(*news, "--at", "tomorrow 9:00", "--dry-run")
    assert looked.code == 0
    assert "Subject: New room" in looked.err
    assert "We meet in B12." in looked.err
    assert "09:00" in looked.err
    assert "has switched emails off" in looked.out
    assert world.connection.execute("select count(*) from reminders_log where context ? 'variables'").fetchone() == (0,)

    stored = notify(*news, "--at", "tomorrow 9:00")
    assert stored.code == 0
    job_id = next(word.split("/")[0] for word in stored.out.split() if word.startswith("send_announcement_"))
    assert job_id in notify("upcoming", "--within", "3d").out

    called_off = notify("cancel", job_id)
    assert called_off.code == 0
    assert "4 messages to 2 people" in called_off.err
    assert job_id not in notify("upcoming", "--within", "3d").out
    assert world.sweep(now=world.now + timedelta(days=2)).due == 0


def test_every_commands_example_is_one_that_it_understands(notify: Command) -> None:
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    for name in group.list_commands(typer.Context(group)):
        example = re.search(r"Example: notify (.*)", " ".join(notify(name, "--help").out.split()))
        assert example, name
        for option in re.findall(r"--[a-z-]+", example[1]):
            assert option in options_of(name, notify) | {"--env-file", "--demo", "--user"}, (name, option)
        assert name in shlex.split(example[1])
