"""The command line as a whole: help, faults of usage, exit codes, pipes and terminals, completion."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from notify_cli import __version__, cli, due
from notify_cli.cli import when
from tests.support.terminal import PROGRAM, Command, bare, on_terminal
from tests.support.world import World

COMMANDS = (
    "sweep-due",
    "send",
    "cancel",
    "baseline",
    "preview",
    "page",
    "upcoming",
    "log",
    "show",
    "explain",
    "status",
    "forecast",
    "prune",
    "audit",
    "reconcile",
    "doctor",
    "init-db",
    "uninstall",
    "demo",
)
PRINTS_DATA = tuple(name for name in COMMANDS if name not in ("page", "init-db", "uninstall", "demo"))
DEAD_DATABASE = "postgresql://notify:hunter2@127.0.0.1:9/platform"


@pytest.fixture
def notify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Without any setting."""
    return Command(monkeypatch, capsys, tmp_path)


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`notify COMMAND` as a process of its own."""
    return subprocess.run(
        [*PROGRAM, *command.split()], env=bare() | environment, cwd=folder, text=True, capture_output=True, check=False
    )


def test_it_has_these_commands() -> None:
    command = typer.main.get_command(cli.app)
    assert isinstance(command, TyperGroup)
    assert set(command.list_commands(typer.Context(command))) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_that_fits(notify: Command, command: str) -> None:
    result = notify(f"{command} --help")
    assert result.code == 0
    assert re.search(rf"Example: notify .*{command}", result.out)
    assert max(map(len, result.out.splitlines())) <= 80
    assert ("--json" in result.out) == (command in PRINTS_DATA)
    assert notify(f"{command} -h").out == result.out


def test_the_examples_are_commands_that_exist_with_options_they_have(notify: Command) -> None:
    for command in COMMANDS:
        example = next(line for line in notify(f"{command} --help").out.splitlines() if "Example: " in line)
        options = re.findall(r"--[a-z-]+", example)
        known = notify(f"{command} --help").out + notify("--help").out + notify("explain --help").out
        assert all(option in known for option in options)


def test_without_a_command_it_shows_its_help_and_says_that_one_is_missing(notify: Command) -> None:
    result = notify()
    assert result.code == 2
    assert "Commands:" in result.out
    assert notify("--help").code == 0
    assert notify("--version").out == f"notify {__version__}\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("bogus", "No such command 'bogus'"),
        ("explain", "Missing option '--user'"),
        ("explain --user", "Option '--user' requires an argument"),
        (f"explain --user {'9' * 5000}", "names nobody and nothing"),
        ("explain --user 1 --meeting -4", "'-4' is not an id"),
        ("explain --user 1 --bogus", "No such option: --bogus"),
        ("explain --user 1 extra", "Got unexpected extra argument"),
        ("upcoming --within soon", "'soon' is not a duration: give one like 30m, 24h or 7d"),
        ("upcoming --within -1d", "'-1d' is not a duration"),
        ("upcoming --within 9999w", "is too long"),
        ("upcoming --meeting x", "'x' is not an id"),
        ("log --since tomorrow", "is to come: give a time that is past"),
        ("log --status gone", "'gone' is no state of a message: give one of will_send, sent, delivered, scheduled"),
        ("log -n 0", "0 is not in the range x>=1"),
        ("log -n many", "'many' is not a valid int"),
        ("preview --channel", "Option '--channel' requires an argument"),
        ("doctor now", "Got unexpected extra argument"),
    ],
)
def test_wrong_input_is_one_line_that_helps_and_exit_2(notify: Command, command: str, told: str) -> None:
    result = notify(command, DATABASE_URL=DEAD_DATABASE)
    assert result.code == 2
    assert told in result.err
    assert result.err.startswith("notify: ")
    assert result.err.count("\n") == 1
    assert result.out == ""


@pytest.mark.parametrize(
    "command", ["send announcement --user 1 --at 2027-03-28T02:30", "sweep-due --dry-run --now 2027-03-28T02:30"]
)
def test_a_time_that_the_operators_clocks_skip_is_refused(command: str, tmp_path: Path) -> None:
    done = run(command, tmp_path, TZ="Europe/Berlin")
    assert done.returncode == 2
    assert done.stderr == (
        "notify: 2027-03-28 02:30 does not exist here: the clocks change that night; "
        "the nearest times that do are 2027-03-28 01:59 and 2027-03-28 03:00\n"
    )


@pytest.mark.parametrize("command", ["upcoming", "log", "explain --user 1", "preview welcome --user 1"])
def test_without_a_database_the_exit_code_says_which_fault_it_is(notify: Command, command: str) -> None:
    unset = notify(command)
    assert (unset.code, unset.out) == (78, "")
    assert "DATABASE_URL is not set" in unset.err
    unreachable = notify(command, DATABASE_URL=DEAD_DATABASE)
    assert (unreachable.code, unreachable.out) == (75, "")
    assert "the database cannot be reached" in unreachable.err
    assert "hunter2" not in unreachable.err
    assert unreachable.err.count("\n") == 1
    verbose = notify(f"-v {command}", DATABASE_URL=DEAD_DATABASE)
    assert 'File "' in verbose.err
    assert "hunter2" not in verbose.err


def test_a_database_before_init_db_is_a_fault_of_configuration(platform_db: str, notify: Command) -> None:
    for command in ("upcoming", "log", "explain --user 1"):
        result = notify(command, DATABASE_URL=platform_db)
        assert result.code == 78
        assert result.err.rstrip().endswith("run notify init-db")


def test_settings_come_from_an_env_file_and_the_environment_wins(world: World, notify: Command, tmp_path: Path) -> None:
    file = tmp_path / "notify.env"
    file.write_text(f'DATABASE_URL="{world.url}"\n', encoding="utf-8")
    assert notify("--env-file", file, "log").code == 0
    assert notify("--env-file", file, "log", DATABASE_URL=DEAD_DATABASE).code == 75
    missing = notify("--env-file", "nowhere.env", "log")
    assert (missing.code, missing.err) == (78, "notify: --env-file nowhere.env: No such file or directory\n")


def test_in_a_pipe_there_is_no_colour_and_on_a_terminal_only_if_it_is_wanted(world: World) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    environment = {"DATABASE_URL": world.url}
    command = f"explain --user {alice}"
    assert "\x1b[3" in on_terminal(command, environment, colours=True)
    assert not re.search(
        r"\x1b\[[0-9;]*[349][0-7][;m]", on_terminal(command, environment | {"NO_COLOR": "1"}, colours=True)
    )
    assert "\x1b" not in on_terminal(command, environment | {"TERM": "dumb"}, colours=True)


def test_a_reader_that_has_seen_enough_is_no_fault(world: World, tmp_path: Path) -> None:
    world.connection.execute("""
        insert into reminders_log (message, reminder_type, delivery_method, delivery_status, sent_at, job_id)
        select '', 'welcome', 'email', 'delivered', now(), 'job_' || n from generate_series(1, 3000) as n
    """)
    command = [*PROGRAM, "log", "--json"]
    environment = bare() | {"DATABASE_URL": world.url}
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(30) == 0


def test_output_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "preview"], env=bare(), cwd=tmp_path, stdout=full, check=False)
    assert done.returncode == 75


def test_it_works_in_an_ascii_locale_and_without_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "preview", "group_assigned"],
        env=bare() | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:backslashreplace", "PYTHONUTF8": "0"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def completions(words: str, folder: Path, **environment: str) -> list[str]:
    """What bash offers for the last of these words."""
    count = len(words.split(" ")) - 1
    offer = {"_NOTIFY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    done = run("", folder, **offer, **environment)
    assert done.stderr == ""
    return done.stdout.split()


def test_the_shell_completes_commands_and_message_types(tmp_path: Path) -> None:
    assert completions("notify ex", tmp_path) == ["explain"]
    assert completions("notify preview meet", tmp_path) == ["meeting_reminder_1h", "meeting_reminder_24h"]
    assert completions("notify send ann", tmp_path) == ["announcement"]
    assert completions("notify send announcement --channel d", tmp_path) == ["discord"]
    assert set(completions("notify log --type ", tmp_path)) >= set(due.rule_names())


def test_the_shell_completes_job_ids_and_a_pattern_for_each_meeting(world: World, tmp_path: Path) -> None:
    alice = world.platform.person("alice")
    meeting = world.meeting_in(world.platform.group(members=[alice]), hours=30)
    offered = completions("notify cancel meeting_", tmp_path, DATABASE_URL=world.url)
    assert f"meeting_{meeting}_*" in offered
    assert f"meeting_{meeting}_reminder_24h" in offered
    assert completions("notify log --job user_", tmp_path, DATABASE_URL=world.url) == []


@pytest.mark.parametrize("words", ["--env-file {} cancel", "cancel --env-file {}", "cancel --env-file={}"])
def test_the_shell_completes_with_the_settings_named_before_or_behind_the_command(
    world: World, tmp_path: Path, words: str
) -> None:
    meeting = world.meeting_in(world.platform.group("Otters"), hours=100)
    file = tmp_path / "notify.env"
    file.write_text(f"DATABASE_URL={world.url}\n", encoding="utf-8")
    offered = completions(f"notify {words.format(file)} meeting_{meeting}_reminder", tmp_path)
    assert offered == [f"meeting_{meeting}_reminder_1h", f"meeting_{meeting}_reminder_24h"]


@pytest.mark.parametrize("database", ["", DEAD_DATABASE, "nonsense"])
def test_completion_without_a_database_is_silent_and_quick(tmp_path: Path, database: str) -> None:
    (tmp_path / "messages.yaml").write_text("\tbroken", encoding="utf-8")
    started = time.monotonic()
    assert completions("notify cancel meeting_", tmp_path, DATABASE_URL=database) == []
    broken = {"NOTIFY_MESSAGES": str(tmp_path / "messages.yaml")}
    assert completions("notify preview ", tmp_path, DATABASE_URL=database, **broken) == []
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("wrong", ["", " ", "d", "7", "7x", "7 days ago", "-7d", "1e3d", "९d"])
def test_a_duration_is_a_number_with_its_unit(wrong: str) -> None:
    with pytest.raises(Exception, match="is not a duration"):
        when.duration(wrong)
