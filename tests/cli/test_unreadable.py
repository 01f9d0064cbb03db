"""Files and folders that the job's account may not look at are named, or passed over: they are no bug of ours."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from notify_cli.errors import EXIT_CONFIG, EXIT_USAGE
from tests.support.shell import Shell

# Asking for it fails for everybody, root too, as it does for others in a folder that they may not enter.
TOO_LONG = "x" * 300


@contextmanager
def shut(folder: Path) -> Iterator[None]:
    """Let this process not look into a folder of its own; root becomes another user meanwhile."""
    folder.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o700)


@pytest.mark.parametrize("setting", ["NOTIFY_COURSES", "NOTIFY_MESSAGES", "NOTIFY_EMAIL_BASE"])
@pytest.mark.parametrize("command", ["sweep-due", "doctor"])
def test_a_setting_that_names_what_cannot_be_looked_at_is_a_fault_of_it(
    shell: Shell, tmp_path: Path, setting: str, command: str
) -> None:
    ran = shell(command, **{setting: str(tmp_path / TOO_LONG)})
    assert ran.code == EXIT_CONFIG
    assert f"{setting} names {tmp_path}/xxx" in ran.err
    assert "which cannot be read: File name too long" in ran.err


def test_doctor_looks_for_the_files_of_others_from_any_folder(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root types `sudo -u notify` in its own folder, which that account may not look into."""
    (tmp_path / "messages.yaml").touch()
    monkeypatch.chdir(tmp_path)
    seen = shell("doctor", NOTIFY_MESSAGES="", DATABASE_URL="")
    assert "is not the file in use" in seen.out
    with shut(tmp_path):
        ran = shell("doctor", NOTIFY_MESSAGES="", DATABASE_URL="")
    assert ran.code == seen.code
    assert "unexpected" not in ran.err
    assert "is not the file in use" not in ran.out


def test_doctor_looks_at_an_outbox_in_a_folder_that_is_shut(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    rehearsal = {"NOTIFY_OUTBOX": str(folder / "out"), "DATABASE_URL": ""}
    seen = shell("doctor", **rehearsal)
    with shut(folder):
        ran = shell("doctor", **rehearsal)
    assert "unexpected" not in ran.err
    assert [row.split("\t")[1] for row in ran.out.splitlines()] == [row.split("\t")[1] for row in seen.out.splitlines()]


def test_a_preview_is_not_written_where_nobody_may(shell: Shell, tmp_path: Path) -> None:
    ran = shell("preview", "welcome", "--eml", tmp_path / f"{TOO_LONG}.eml")
    assert ran.code == EXIT_USAGE
    assert "cannot be written: File name too long" in ran.err
