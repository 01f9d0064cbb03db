"""`preview` for somebody real: whether they would get it at all; and again whenever the file changes."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

from tests.support.paths import MESSAGES
from tests.support.terminal import PROGRAM, Command, bare, on_terminal
from tests.support.world import World


def test_the_first_line_says_who_would_not_get_it_and_why(world: World, notify: Command) -> None:
    carol = world.platform.person("Carol", wants_email=False)
    heidi = world.platform.person("Heidi", wants_email=False, discord_id=None)
    alice = world.platform.person("Alice")
    for person in (carol, heidi, alice):
        world.platform.enrolment(person, at=world.now)

    def first_line(person: int, *more: str) -> str:
        return notify("preview", "welcome", "--user", person, *more).out.splitlines()[0]

    withheld = "would not be sent: Carol has switched emails off"
    assert first_line(carol) == f"{withheld} (by Discord DM it would be)"
    assert first_line(carol, "--channel", "email") == withheld
    assert not first_line(carol, "--channel", "discord").startswith("would not")
    assert first_line(heidi) == "would not be sent: Heidi has switched emails off and has no Discord account"
    assert not first_line(alice).startswith("would not")
    shown = on_terminal(f"preview welcome --user {carol}", notify.environment)
    assert shown.startswith("would not be sent: Carol has switched emails off")
    assert notify("preview", "welcome", "--user", carol, "--json").json["withheld"].startswith("would not be sent: ")
    assert notify("preview", "welcome", "--user", alice, "--json").json["withheld"] is None
    assert "withheld" not in notify("preview welcome --json").json


def test_it_says_what_the_rule_says(world: World, notify: Command) -> None:
    alice, erin = world.platform.people("Alice", "Erin")
    otters = world.platform.group("Otters", members=[alice])
    meeting = world.meeting_in(otters, hours=20)
    world.platform.member(otters, erin, joined_at=world.now - timedelta(minutes=1))

    late = notify("preview", "meeting_reminder_24h", "--user", erin, "--meeting", meeting).out.splitlines()[0]
    assert late.startswith("would not be sent: Erin joined")
    disabled = notify("preview", "meeting_reminder_24h", "--user", alice, NOTIFY_DISABLED="meeting_reminder_24h")
    assert disabled.out.splitlines()[0].startswith("would not be sent: meeting_reminder_24h is switched off")
    assert not notify("preview", "meeting_reminder_24h", "--user", alice).out.startswith("would not")


def test_the_email_goes_into_a_file(world: World, notify: Command, tmp_path: Path) -> None:
    world.platform.person("Alice")
    ran = notify("preview", "welcome", "--user", "Alice", "--eml", tmp_path / "w.eml")
    assert ran.code == 0
    assert b"To: Alice <Alice@example.org>" in (tmp_path / "w.eml").read_bytes()


def test_its_files_are_for_this_account_alone(world: World, notify: Command, tmp_path: Path) -> None:
    world.platform.person("Alice")
    before = os.umask(0)
    try:
        notify("preview", "welcome", "--user", "Alice", "--eml", tmp_path / "w.eml", "--html", tmp_path / "w.html")
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("w.*")} == {
        "w.eml": 0o600,
        "w.html": 0o600,
    }


def test_watch_shows_it_again_when_the_file_changes_and_survives_a_fault(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"

    def write(greeting: str) -> None:
        beside = tmp_path / "unfinished"
        beside.write_text(MESSAGES.read_text(encoding="utf-8").replace("Hi {name},", greeting), encoding="utf-8")
        beside.replace(own)

    write("FIRST {name},")
    command = [*PROGRAM, "preview", "welcome", "--channel", "email", "--watch"]
    environment = bare() | {"NOTIFY_MESSAGES": str(own), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        assert child.stdout is not None
        for greeting, shown in (
            ("BROKEN {nmae},", "FIRST Alice,"),
            ("SECOND {name},", "{nmae}"),
            ("", "SECOND Alice,"),
        ):
            while shown not in (line := child.stdout.readline()):
                assert line, "it ended"
            write(greeting or "THIRD {name},")
        while "THIRD Alice," not in child.stdout.readline():
            pass
        os.kill(child.pid, signal.SIGINT)
        child.stdout.read()
        assert child.wait(30) == 0
