"""The recipes of docs/architecture.md, applied to a copy of the package as they stand there: nothing else is needed."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notify_cli import db
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.paths import PACKAGE, ROOT
from tests.support.postgres import as_user
from tests.support.world import World

_BLOCK = re.compile(r"^```(?:sql|python|yaml)\n(?:--|#) (\S+?)(:[^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Where in a file an entry goes: before the line that closes what it is an entry of.
_PLACES = {"_TYPES": "\n)\n\nTYPES:", "Method": "\n\n# What people call the providers"}


@dataclass
class House:
    """A copy of the package beside its messages.yaml, and a platform for it to work on."""

    folder: Path
    world: World

    def apply(self, *files: str) -> None:
        """Apply the blocks that are these files whole; of messages.yaml, what is added to it."""
        blocks = {path: body for path, place, body in _blocks() if path in files and not place}
        assert set(blocks) == set(files)
        for path, body in blocks.items():
            target = self.folder / path
            assert path == "messages.yaml" or not target.exists()
            target.write_text(f"{target.read_text()}\n{body}" if target.exists() else body)

    def enter(self, of: str) -> None:
        """Apply the block that is an entry of this part of the registry."""
        [body] = [body for _, place, body in _blocks() if f"an entry of {of}" in place]
        self.edit("notify_cli/registry.py", _PLACES[of], f"\n{body.rstrip()}{_PLACES[of]}")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace what stands once in a file."""
        text = (self.folder / path).read_text()
        assert text.count(old) == 1, (path, old)
        (self.folder / path).write_text(text.replace(old, new))

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run `notify ARGUMENTS` of the copy."""
        environment = self.world.environment(NOTIFY_MESSAGES=str(self.folder / "messages.yaml"))
        return subprocess.run(
            [sys.executable, "-m", "notify_cli", *map(str, arguments)],
            env=environment | {"PYTHONPATH": str(self.folder), "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *arguments: object) -> Any:
        """What a command that goes well prints."""
        done = self(*arguments, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)


def _blocks() -> list[tuple[str, str, str]]:
    """The code blocks of the document that name a file: the file, the place in it if they are an entry, the code."""
    return _BLOCK.findall((ROOT / "docs" / "architecture.md").read_text())


@pytest.fixture
def house(tmp_path: Path, platform_db: str) -> Iterator[House]:
    """The copy, on a database before its init-db."""
    shutil.copytree(PACKAGE, tmp_path / "notify_cli", ignore=shutil.ignore_patterns("__pycache__"))
    for beside in ("messages.yaml", "email_base.html"):
        shutil.copy(ROOT / beside, tmp_path)
    with db.connect(platform_db) as connection, FakeSendGrid() as sendgrid, FakeDiscord() as discord:
        yield House(tmp_path, World(as_user(platform_db), connection, sendgrid, discord))


RULE = "notify_cli/due/rules/certificate_earned.sql"


def graduate(house: House, name: str = "alice") -> int:
    """Somebody who has earned the certificate a moment ago."""
    platform = house.world.platform
    person = platform.person(name)
    platform.session(person, "final", started_at=platform.now - timedelta(days=9), completed_at=platform.now)
    return person


@pytest.fixture
def certified(house: House) -> House:
    """A house with the recipe's message type."""
    house.apply(RULE, "messages.yaml")
    house.enter("_TYPES")
    assert house("init-db", "--catch-up").returncode == 0
    return house


def keys(sent: Any) -> dict[str, str]:
    return {result["notification_key"]: result["status"] for result in sent}


def test_a_rule_of_the_recipe_goes_out_by_itself_and_then_never_by_hand(certified: House) -> None:
    alice = graduate(certified)
    assert certified.json("sweep-due")["delivered"] == 2
    sent = certified.json("send", "certificate_earned", "--user", alice)
    prefix = f"user_{alice}_certificate/-"
    assert keys(sent) == {f"{prefix}/email/user_{alice}": "duplicate", f"{prefix}/discord_dm/user_{alice}": "duplicate"}
    assert len(certified.world.sendgrid.mails) == 1


def test_a_rule_of_the_recipe_sent_by_hand_does_not_go_out_by_itself(certified: House) -> None:
    alice = graduate(certified)
    assert set(keys(certified.json("send", "certificate_earned", "--user", alice)).values()) == {"delivered"}
    assert certified.json("sweep-due")["due"] == 0
    assert len(certified.world.sendgrid.mails) == 1


def test_every_command_knows_a_rule_of_the_recipe(certified: House) -> None:
    alice, bob = graduate(certified), certified.world.platform.person("bob")
    upcoming = certified.json("upcoming")
    assert {(one["reminder_type"], one["method"], one["recipient"]) for one in upcoming} == {
        ("certificate_earned", "email", f"user_{alice}"),
        ("certificate_earned", "discord_dm", f"user_{alice}"),
    }
    verdicts = {
        person: next(one for one in certified.json("explain", "--user", person) if one["rule"] == "certificate_earned")
        for person in (alice, bob)
    }
    assert verdicts[alice]["verdict"] == "will_send"
    assert (verdicts[bob]["verdict"], verdicts[bob]["reason"]) == (
        "not_applicable",
        "bob has not finished the lesson that earns the certificate",
    )
    assert next(one for one in certified.json("preview") if one["type"] == "certificate_earned")["automatic"] is True
    shown = certified.json("preview", "certificate_earned", "--user", alice)
    assert shown["email"]["subject"] == "Your certificate is ready"
    cancelled = certified.json("cancel", f"user_{alice}_*")
    assert [job["job_id"] for job in cancelled] == [f"user_{alice}_certificate"]
    assert certified.json("sweep-due")["due"] == 0


def test_the_check_refuses_what_a_rule_of_the_recipe_cannot_say(certified: House) -> None:
    certified.edit("messages.yaml", "You find your certificate on your profile", "You find it {meeting_time}")
    done = certified("preview", "--check")
    assert done.returncode == 1
    assert "certificate_earned: email_body: {meeting_time} is not known in this message" in done.stdout


@pytest.fixture
def by_local_mail(house: House) -> House:
    """A house with both recipes, and a sendmail that keeps what it is given."""
    house.enter("Method")
    house.apply(RULE, "messages.yaml", "notify_cli/channels/local_mail.py")
    house.enter("_TYPES")
    house.edit(
        "notify_cli/registry.py",
        'job="certificate",\n        parts=(*_EMAIL, "discord"),',
        'job="certificate",\n        parts=(*_EMAIL, "discord", "local_mail"),',
    )
    with (house.folder / "messages.yaml").open("a") as file:
        file.write("  local_mail: |\n    Dear {name}, your certificate is ready.\n")
    sendmail = house.folder / "bin" / "sendmail"
    sendmail.parent.mkdir()
    sendmail.write_text(f'#!/bin/sh\ncat >> "{house.folder}/mailbox"\n')
    sendmail.chmod(sendmail.stat().st_mode | stat.S_IXUSR)
    assert house("init-db", "--catch-up").returncode == 0
    return house


def test_a_channel_of_the_recipe_works_everywhere(by_local_mail: House) -> None:
    house = by_local_mail
    alice = graduate(house)
    assert "local_mail" in {one["method"] for one in house.json("upcoming")}
    assert house.json("preview", "certificate_earned", "--user", alice)["local_mail"]["text"] == (
        "Dear alice, your certificate is ready."
    )
    done = house.json("sweep-due")
    assert done["by_method"] == {"email": 1, "discord_dm": 1, "discord_channel": 0, "local_mail": 1}
    assert (house.folder / "mailbox").read_text() == (
        "To: alice@example.org\n\nDear alice, your certificate is ready.\n"
    )
    verdict = next(one for one in house.json("explain", "--user", alice) if one["rule"] == "certificate_earned")
    assert "local mail" in verdict["reason"]
    assert house.json("sweep-due")["due"] == 0


def test_a_channel_of_the_recipe_can_be_sent_by_hand_and_cancelled(by_local_mail: House) -> None:
    house = by_local_mail
    alice, bob = graduate(house), graduate(house, "bob")
    sent = house.json("send", "certificate_earned", "--user", alice, "--channel", "local")
    assert keys(sent) == {f"user_{alice}_certificate/-/local_mail/user_{alice}": "delivered"}
    assert [job["job_id"] for job in house.json("cancel", f"user_{bob}_certificate")] == [f"user_{bob}_certificate"]
    assert house.json("sweep-due")["by_method"] == {"email": 1, "discord_dm": 1, "discord_channel": 0, "local_mail": 0}
