"""Values on the command line: each kind is read by one parser, so that every command says the same of a wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from notify_cli import cli
from notify_cli.cli import values
from notify_cli.delivery import LARGEST_ID
from notify_cli.errors import UsageError
from notify_cli.registry import CHANNELS
from tests.support.terminal import Command
from tests.support.world import World

NO_IDS = (
    "x",
    "0",
    "-1",
    "1.5",
    "\u0661",
    "",
    " ",
    "+1",
    "1_0",
    "1e3",
    str(LARGEST_ID + 1),
    "9" * 5000,
    "0" * 5000 + "1",
)


def options(metavar: str) -> Iterator[tuple[str, str]]:
    """Every command with every option of its own that takes such a value."""
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        for option in command.params if command else ():
            if option.make_metavar(context) == metavar and option.opts[0].startswith("--"):
                yield name, option.opts[0]


WITH_AN_ID = [found for found in options("ID") if found != ("send", "--job-id")]
WITH_A_NAME = [found for kind in ("USER", "GROUP", "COHORT") for found in options(kind)]
WITH_A_CHANNEL = list(options(f"[{'|'.join(CHANNELS)}]"))

# What a command does not start without, besides the option in question.
NEEDED = {"send": ["welcome"], "preview": ["welcome"], "explain": ["--user", "1"]}


@pytest.fixture
def notify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Without any setting: values are looked at before settings are."""
    return Command(monkeypatch, capsys, tmp_path)


def test_all_options_for_ids_and_channels_are_known_here() -> None:
    """Lest the tests below test nothing."""
    every = {(command, name) for command, name in WITH_AN_ID}
    assert every >= {
        ("send", "--meeting"),
        ("preview", "--meeting"),
        ("explain", "--meeting"),
        ("upcoming", "--meeting"),
    }
    named = set(WITH_A_NAME)
    assert named >= {("send", f"--{name}") for name in ("user", "group", "cohort")}
    assert named >= {("preview", "--user"), ("explain", "--user"), ("upcoming", "--user"), ("log", "--group")}
    assert set(WITH_A_CHANNEL) == {("send", "--channel"), ("preview", "--channel")}


@pytest.mark.parametrize(("command", "option"), WITH_AN_ID)
def test_what_is_no_id_is_refused_by_every_command_in_the_same_words(
    notify: Command, command: str, option: str
) -> None:
    for text in NO_IDS:
        ran = notify(command, *NEEDED.get(command, []), option, text)
        told = f"{text!r} is not an id: give the number from the platform's table, such as 12"
        assert (ran.code, ran.out) == (2, ""), text
        assert ran.err == f"notify: Invalid value for '{option}': {told} (see: notify {command} --help)\n"


@pytest.mark.parametrize(("command", "option"), WITH_A_NAME)
@pytest.mark.parametrize("text", ["", " ", "9" * 5000, "al\x1bice", "al\nice\x00", "\udcff"])
def test_what_can_name_nobody_is_refused_by_every_command_in_the_same_words(
    notify: Command, command: str, option: str, text: str
) -> None:
    ran = notify(command, *NEEDED.get(command, []), option, text)
    told = "names nobody and nothing: give an id, a name or, of a person, an email address or Discord id"
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"notify: Invalid value for '{option}': '")
    assert ran.err.endswith(f"{told} (see: notify {command} --help)\n")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("command", ["explain --user", "upcoming --user", "log --user", "preview welcome --user"])
@pytest.mark.parametrize("said", ["999", "Zoe", "zoe@example.org", "100000000000000009", "0", "-1"])
def test_who_is_not_there_is_a_mistake_in_every_command(world: World, notify: Command, command: str, said: str) -> None:
    world.platform.person("alice")
    ran = notify(*command.split(), said, **world.environment())
    assert (ran.code, ran.out) == (2, "")
    shown = said if said.isdecimal() else repr(said)
    told = f"there is no user {shown}: --user takes an id, an email address, a Discord id or a name"
    assert ran.err == f"notify: {told}\n"


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("0012", 12), (str(LARGEST_ID), LARGEST_ID)])
def test_an_id_is_a_number_from_the_platforms_tables(text: str, expected: int) -> None:
    assert values.an_id(text) == expected


@pytest.mark.parametrize(("command", "option"), WITH_A_CHANNEL)
def test_what_is_no_channel_is_refused_with_those_that_there_are(notify: Command, command: str, option: str) -> None:
    for text in ("sms", "Email", "discord_dm", ""):
        ran = notify(command, *NEEDED[command], option, text)
        assert (ran.code, ran.out) == (2, "")
        assert f"{text!r} is not one of 'email', 'discord'" in ran.err


@pytest.mark.parametrize("command", ["send", "preview"])
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("subject", "--set 'subject' is not NAME=VALUE: write NAME=TEXT, such as --set subject='No meeting next week'"),
        ("=x", "--set '=x' is not NAME=VALUE"),
        ("no name=x", "--set 'no name=x' is not NAME=VALUE"),
        ("subject= ", "--set subject is empty"),
    ],
)
def test_what_gives_no_variable_is_refused_by_every_command_in_the_same_words(
    notify: Command, command: str, given: str, told: str
) -> None:
    whom = ["--user", "1"] if command == "send" else []
    ran = notify(command, "announcement", *whom, "--set", given)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"notify: {told}")
    assert ran.err.count("\n") == 1


def test_variables_are_texts_by_their_names() -> None:
    assert values.variables(["subject=No meeting", " text =a=b\r\nc"]) == {"subject": "No meeting", "text": "a=b\nc"}


def test_every_fault_of_the_variables_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        values.variables(["subject", "text=", "name=a", "name=b"])
    assert [line.split(maxsplit=2)[1] for line in caught.value.lines] == ["'subject'", "text", "name"]
