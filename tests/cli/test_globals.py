"""Options of every command, wherever they stand; where the settings come from; help in every form."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notify_cli import __version__, config
from notify_cli.cli.arguments import globals_first
from tests.support.terminal import Command, bare
from tests.support.world import World


@pytest.fixture
def notify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Without any setting."""
    return Command(monkeypatch, capsys, tmp_path)


@pytest.fixture
def env_file(world: World, tmp_path: Path) -> Path:
    file = tmp_path / "host" / "notify.env"
    file.parent.mkdir()
    file.write_text(f'DATABASE_URL="{world.url}"\n', encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("log --env-file F", "--env-file F log"),
        ("log --env-file=F -n 3 -v", "--env-file=F -v log -n 3"),
        ("upcoming --demo --all", "--demo upcoming --all"),
        ("send x --set a=--demo", "send x --set a=--demo"),
        ("cancel -- --demo", "cancel -- --demo"),
        ("log --env-file", "--env-file log"),
        ("help", "--help"),
        ("help send", "send --help"),
        ("--demo help send", "--demo send --help"),
        ("log -V", "-V log"),
    ],
)
def test_the_options_of_every_command_go_before_it(words: str, expected: str) -> None:
    assert globals_first(words.split()) == expected.split()


def test_the_env_file_may_be_named_behind_the_command(notify: Command, env_file: Path) -> None:
    assert notify("log", "--env-file", env_file, "--json").json == []
    assert notify("log", f"--env-file={env_file}", "--json").json == []
    assert notify("log", "--json").code == 78


def test_the_env_file_may_be_named_by_the_environment(notify: Command, env_file: Path, tmp_path: Path) -> None:
    assert notify("log", "--json", NOTIFY_ENV_FILE=str(env_file)).json == []
    elsewhere = notify("log", "--env-file", tmp_path / "none.env", NOTIFY_ENV_FILE=str(env_file))
    assert elsewhere.code == 78
    assert "none.env" in elsewhere.err


def test_where_none_is_named_it_is_that_of_the_host(
    notify: Command, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "USUAL_ENV_FILE", env_file)
    assert notify("log", "--json").json == []
    (env_file.parent / "messages.yaml").write_text("note:\n  discord: Hi\n", encoding="utf-8")
    assert str(env_file.parent / "messages.yaml") in notify("preview", "note").out
    monkeypatch.setattr(config, "USUAL_ENV_FILE", env_file.parent / "none.env")
    assert notify("log", "--json").code == 78


def test_its_name_is_no_setting_that_somebody_misspelt(notify: Command, env_file: Path) -> None:
    settings = config.load({"NOTIFY_ENV_FILE": str(env_file)}, env_file)
    assert settings.unknown == ()


def test_an_env_file_that_cannot_be_read_is_a_fault_of_configuration_like_a_missing_one(
    notify: Command, env_file: Path
) -> None:
    if os.geteuid() == 0:
        env_file = env_file.parent  # root may read every file, but no folder as a file
    else:
        env_file.chmod(0)
    ran = notify("doctor", "--env-file", env_file, "--json")
    assert ran.code == 78
    assert notify("log", "--env-file", env_file).code == 78


def test_the_messages_file_is_never_that_of_the_working_directory(notify: Command, tmp_path: Path) -> None:
    (tmp_path / "messages.yaml").write_text("welcome:\n  discord: WRONG\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "notify_cli", "preview", "welcome"],
        env=bare(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "WRONG" not in done.stdout
    [path] = [line for line in done.stdout.splitlines() if line.endswith("messages.yaml")]
    assert Path(path.removeprefix("--- ")).is_absolute()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_may_be_asked_for_in_any_place(notify: Command, option: str) -> None:
    for words in (option, f"log {option}", f"{option} log"):
        assert notify(words).out == f"notify {__version__}\n"


def test_it_runs_as_a_module_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "notify_cli", "--version"]
    done = subprocess.run(command, env=bare(), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"notify {__version__}\n"


def test_help_is_a_command_too(notify: Command) -> None:
    assert notify("help").out == notify("--help").out
    assert notify("help send").out == notify("send --help").out
    assert notify("help").code == 0
    assert "notify help COMMAND" in " ".join(notify("--help").out.split())
    assert notify("help bogus").code == 2


def test_a_missing_setting_has_one_line_and_no_advice_that_was_followed(notify: Command, tmp_path: Path) -> None:
    with_outbox = notify("sweep-due", NOTIFY_OUTBOX=str(tmp_path / "out"))
    assert with_outbox.code == 78
    assert with_outbox.err == (
        "notify: DATABASE_URL is not set: give the platform's PostgreSQL URL (environment or --env-file); "
        "notify demo brings its own\n"
    )
    without = notify("sweep-due")
    assert len(without.err.splitlines()) == len(set(without.err.splitlines())) == 5
    assert without.err.count("NOTIFY_OUTBOX") == 1
