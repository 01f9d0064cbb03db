"""Whatever the standard streams are, the job is done and its exit code true; and nobody's name commands a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from notify_cli import cli
from notify_cli.characters import escaped, escaped_json
from tests.support import process
from tests.support.terminal import bare, on_terminal
from tests.support.world import World

# What a command needs to do its work on the world below; one that is not here does it without arguments.
ARGUMENTS = {
    "doctor": ["", "--json"],
    "sweep-due": ["--dry-run", "--dry-run --json", "", "--json"],
    "send": ["announcement --user 1 --set subject=S --set text=T --yes", "welcome --user 1 --dry-run --json"],
    "cancel": ["meeting_1_*", "meeting_* --dry-run --json", "--undo meeting_1_*"],
    "baseline": ["--dry-run"],
    "preview": ["", "--json", "--check", "welcome --user 1", "group_assigned --group 1", "welcome --user 1 --json",
        "welcome --user 1 --html -", "group_assigned --user 1 --eml -"],
    "page": ["page", "page --user 1"],
    "upcoming": ["", "--json"],
    "log": ["", "--json"],
    "explain": ["--user 1", "--user 1 --json", "--user 4"],
    "show": ["1", "1 --json", "2"],
    "status": ["", "--json", "--prometheus"],
    "prune": ["--older-than 52w --dry-run"],
    "demo": ["--help"],  # it has a database of its own
    "init-db": ["", "--print", "--grants platform_owner"],
    "uninstall": ["", "--yes"],
}  # fmt: skip
FIRST = ["doctor", "sweep-due"]  # the others find something in the log then
LAST = ["init-db", "uninstall"]

# Clears the screen, sets its title, colours (in one character), deletes, turns text round.
MALLORY = "Mal\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\u202elory\u2066\ufeff\u2028"
COMMANDING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
OUR_FAULT = re.compile(r"Traceback|File \"|unexpected \w+|Exception ignored|Unicode\w+Error|Errno")

# Runs command after command, each in a process of its own, a long series with the whole package imported; before each
# it writes a NUL on both streams, and at the end their exit codes into a file.
_SERIES = f"""{process.WITHOUT_SETTINGS}
import importlib, json, os, pkgutil, sys
from contextlib import suppress
import notify_cli.api, notify_cli.cli.looking, notify_cli.display.messages, notify_cli.platform.schema
from notify_cli.cli import main
file, *commands = json.loads(os.environ["SERIES"])
for module in pkgutil.walk_packages(notify_cli.__path__, "notify_cli.") if len(commands) > 9 else ():
    if module.name != "notify_cli.__main__":
        importlib.import_module(module.name)
codes = []
for command in commands:
    for stream in (1, 2):
        with suppress(OSError):
            os.write(stream, b"\\0")
    child = os.fork()
    if not child:
        main(command.split())
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with open(file, "w") as opened:
    json.dump(codes, opened)
"""
SERIES = (sys.executable, "-c", _SERIES)


@dataclass(frozen=True)
class Ran:
    """What a command of a series printed, as far as that could be read, and its exit code."""

    command: str
    code: int
    out: bytes
    err: bytes


def commands(*, every_way: bool = True) -> list[str]:
    """Every command as it can be run here, or in the first way of most; those that take all away at the end."""
    command = typer.main.get_command(cli.app)
    assert isinstance(command, TyperGroup)
    names = command.list_commands(typer.Context(command))
    assert set(ARGUMENTS) <= set(names)
    middle = [name for name in names if name not in (*FIRST, *LAST)]
    return [
        f"{name} {rest}".strip()
        for name in (*FIRST, *middle, *LAST)
        for number, rest in enumerate(ARGUMENTS.get(name, [""]))
        if every_way or number == 0 or name in ("sweep-due", "uninstall")
    ]


def run(given: Sequence[str], environment: Mapping[str, str], folder: Path, redirection: str = "") -> list[Ran]:
    """`notify COMMAND REDIRECTION` one after the other, as a shell runs it."""
    codes = folder / "codes"
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *SERIES],
        env=bare() | dict(environment) | {"SERIES": json.dumps([str(codes), *given])},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=300,
    )
    found = json.loads(codes.read_text())
    assert len(found) == len(given)
    out, err = ([*stream.split(b"\0")[1:], *([b""] * len(found))] for stream in (done.stdout, done.stderr))
    return [Ran(*one) for one in zip(given, found, out, err, strict=False)]


def expected(command: str) -> set[int]:
    """The exit codes that a command may have on the world below, if all is well with its streams."""
    if command.startswith("doctor"):
        return {1}  # it finds the addresses that are none
    if command == "uninstall":
        return {2}  # it asks, and there is nobody
    return {0} if command.split()[0] in ARGUMENTS else {0, 1, 2}


@pytest.fixture
def crowd(world: World) -> World:
    """A group, and a course, that is full of names which command terminals, and a log of such rows."""
    group = world.platform.group(f"Otters {MALLORY}", cohort=world.platform.cohort(MALLORY))
    for name in (MALLORY, "Älice 🦦", "Bob"):
        person = world.platform.person(name, email=f"{len(name)}@example.org", timezone=MALLORY)
        world.platform.member(group, person, joined_at=world.now)
        world.platform.enrolment(person, at=world.now, course=world.platform.course(MALLORY))
    world.platform.member(group, world.platform.person(f"{MALLORY} 2", email=f"{MALLORY}@example.org"))
    world.platform.session(1, MALLORY, started_at=world.now)
    world.meeting_in(group, hours=22)
    world.meeting_in(group, hours=22 + 7 * 24)
    world.platform.log_row(job_id=f"job {MALLORY}", delivery_status="failed", delivery_error=MALLORY)
    return world


WAYS = pytest.mark.parametrize(
    "every_way", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["one way", "every way"]
)


@WAYS
@pytest.mark.parametrize(
    ("redirection", "variables"),
    [
        (">&-", {}),
        ("2>&-", {"PYTHONIOENCODING": "latin-1"}),
        ("<&- >&- 2>&-", {}),
        ("| head -c 1", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
    ids=["no stdout", "no stderr, and latin-1", "no stream", "a reader that leaves, and ASCII"],
)
def test_the_job_is_done_and_its_exit_code_is_true(
    crowd: World, tmp_path: Path, redirection: str, variables: dict[str, str], every_way: bool
) -> None:
    for ran in run(commands(every_way=every_way), crowd.environment(**variables), tmp_path, redirection):
        assert not OUR_FAULT.search(ran.err.decode("latin-1")), ran
        assert ran.code in expected(ran.command), ran
    assert len(crowd.sendgrid.mails) >= 7
    assert crowd.connection.execute("select to_regnamespace('notify')").fetchone() == (None,)


@WAYS
def test_on_a_full_disk_the_job_is_done_and_what_was_lost_is_said(
    crowd: World, tmp_path: Path, every_way: bool
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    for ran in run(commands(every_way=every_way), crowd.environment(), tmp_path, ">/dev/full"):
        assert not OUR_FAULT.search(ran.err.decode()), ran
        is_told = b"not all of the output could be written: No space left on device" in ran.err
        # a finding, too, is an exit code that is kept
        assert ran.code in ((75, 1) if is_told else expected(ran.command)), ran
        assert is_told or ran.command in ("sweep-due", "uninstall") or ran.command.split()[0] not in ARGUMENTS
    assert len(crowd.sendgrid.mails) >= 7


def test_nor_does_it_need_an_error_stream_that_takes_anything(crowd: World, tmp_path: Path) -> None:
    environment = crowd.environment(SENDGRID_API_KEY="refused")
    codes = [[ran.code for ran in run(["sweep-due", "bogus", "explain --user 99"], environment, tmp_path, to)]
        for to in ("", "2>/dev/full", "2>&-", ">/dev/full 2>/dev/full")]  # fmt: skip
    assert codes == [[69, 2, 2]] * 4


def test_an_emoji_in_a_name_is_replaced_where_it_cannot_be_shown(crowd: World, tmp_path: Path) -> None:
    [shown] = run(["upcoming --all"], crowd.environment(), tmp_path)
    assert "Älice 🦦".encode() in shown.out
    [old] = run(["upcoming --all"], crowd.environment(PYTHONIOENCODING="latin-1"), tmp_path)
    assert "Älice ?".encode("latin-1") in old.out
    assert old.out.count(b"\n") == shown.out.count(b"\n")


def test_json_is_true_in_any_encoding(crowd: World, tmp_path: Path) -> None:
    [whole] = run(["preview welcome --user 2 --json"], crowd.environment(), tmp_path)
    [old] = run(["preview welcome --user 2 --json"], crowd.environment(PYTHONIOENCODING="latin-1"), tmp_path)
    assert "🦦" in json.loads(whole.out)["about"]
    assert json.loads(old.out)["about"] == json.loads(whole.out)["about"]


@pytest.mark.parametrize("columns", [1, 3, 11])
def test_it_copes_with_a_terminal_of_no_width(crowd: World, columns: int, tmp_path: Path) -> None:
    series = ["upcoming", "explain --user 1", "doctor", "preview", "preview welcome --user 1", "log"]
    codes = tmp_path / "codes"
    environment = crowd.environment(SERIES=json.dumps([str(codes), *series]))
    shown = on_terminal("", environment, columns=columns, folder=tmp_path, program=SERIES).split("\0")[1:]
    assert "Traceback" not in "".join("".join(shown).split())
    assert len([text for text in shown if text.strip()]) == len(series)
    assert json.loads(codes.read_text()) == [0, 0, 1, 0, 0, 0]


@pytest.fixture
def poisoned(crowd: World, tmp_path: Path) -> dict[str, str]:
    """The environment of that world, with a messages file whose keys and texts command terminals too."""
    shipped = Path(crowd.environment()["NOTIFY_MESSAGES"]).read_text(encoding="utf-8")
    path = tmp_path / "messages.yaml"
    path.write_text(f'{shipped}\nodd:\n  email_subject: "a\\x9b31m"\n  "email_s\\e]0;x\\a": x\n', encoding="utf-8")
    return crowd.environment(NOTIFY_MESSAGES=str(path), NO_COLOR="1", TERM="dumb")


def test_nothing_of_a_name_or_a_file_reaches_a_terminal_as_a_command(poisoned: dict[str, str], tmp_path: Path) -> None:
    series = commands()
    environment = poisoned | {"SERIES": json.dumps([str(tmp_path / "codes"), *series])}
    shown = on_terminal("", environment, columns=150, folder=tmp_path, colours=True, program=SERIES, typed="n\n" * 9)
    for command, text in zip(series, re.split("\0+", shown)[1:], strict=True):
        assert text.strip() or command.split()[0] not in ARGUMENTS, command
        assert not COMMANDING.findall(text), f"{command}: {text!r}"


def test_nor_in_a_pipe_but_for_documents(poisoned: dict[str, str], tmp_path: Path) -> None:
    for ran in run(commands(), poisoned, tmp_path):
        told = (b"" if re.search("--(html|eml|print)", ran.command) else ran.out) + ran.err
        assert not COMMANDING.findall(told.decode()), ran


def test_a_key_of_the_messages_file_is_shown_as_it_is_spelt(poisoned: dict[str, str], tmp_path: Path) -> None:
    [check] = run(["preview --check"], poisoned, tmp_path)
    assert check.code == 1
    assert rb"email_s\x1b]0;x\x07" in check.out


def test_what_commands_a_terminal_is_escaped_and_read_back() -> None:
    assert escaped("a\x1b[2J\nb\u202e\x9b\t") == "a\\x1b[2J\nb\\u202e\\x9b\\t"
    text = json.dumps({"name": MALLORY}, ensure_ascii=False)
    assert json.loads(escaped_json(text)) == {"name": MALLORY}
    assert not COMMANDING.search(escaped_json(text))
    assert escaped("Zoë 🧑‍🚀 שלום") == "Zoë 🧑‍🚀 שלום"
