"""What the demo says at its end: lines that can be pasted, however the program was called."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from notify_cli import display


@pytest.mark.parametrize(
    ("called", "path", "expected"),
    [
        (".venv/bin/notify", "/usr/bin", ".venv/bin/notify"),
        ("{folder}/notify", "{folder}", "notify"),
        ("{folder}/notify", "/usr/bin", "{folder}/notify"),
        ("/x/notify_cli/__main__.py", "/usr/bin", "{python} -m notify_cli"),
        ("-c", "/usr/bin", "notify"),
    ],
)
def test_the_commands_to_try_next_can_be_pasted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    called: str,
    path: str,
    expected: str,
) -> None:
    (tmp_path / "notify").touch(mode=0o755)
    fill = {"folder": str(tmp_path), "python": sys.executable}
    monkeypatch.setattr(sys, "argv", [called.format(**fill)])
    monkeypatch.setenv("PATH", path.format(**fill))
    display.next_steps(tmp_path / "page.html", tmp_path / "index.html")
    lines = capsys.readouterr().out.splitlines()
    assert f"  {tmp_path}/page.html" in lines
    assert lines[-3:] == [
        f"  {expected.format(**fill)} --demo {command}"
        for command in ("explain --user 1", "upcoming", "preview group_assigned --user 1")
    ]
