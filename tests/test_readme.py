"""Each command of the README, as it is written there, in order, in a fresh copy: it installs as its readers do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.terminal import bare
from tests.support.world import World

README = (ROOT / "README.md").read_text(encoding="utf-8")
_MADE = (".*", "__pycache__", "build", "dist", "pictures", "*.egg-info")


def commands() -> list[str]:
    """The lines after a prompt, without their comments."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```$", README, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines)
    return [re.sub(r" +#.*", "", line[2:]) for line in lines]


def sample() -> list[str]:
    """What the README shows of the demo's end, without blank lines."""
    [block] = re.findall(r"^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [line for line in block.splitlines() if line]


def general(line: str) -> str:
    """A line of the demo's end without what differs from run to run: how long it took, and where it is."""
    return re.sub(r"\d+\.\d s", "N s", re.sub(r"/\S*(?=/\.notify-demo)", "", line))


def test_it_shows_each_picture_that_is_made_for_it() -> None:
    shown = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert {path.name for path in (ROOT / "docs").glob("*.svg")} == {Path(path).name for path in shown}
    for path in shown:
        drawn = (ROOT / path).read_text(encoding="utf-8")
        assert drawn.startswith("<svg")
        assert not re.search(r"@font-face|url\(\"?http|href=\"http", drawn)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_command_works_as_it_is_written(world: World, tmp_path: Path) -> None:
    copy, installed, env_file = tmp_path / "copy", tmp_path / "opt", tmp_path / "etc" / "notify.env"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_MADE))
    env_file.parent.mkdir()
    env_file.write_text("".join(f"{name}='{value}'\n" for name, value in world.environment().items()), encoding="utf-8")
    env_file.chmod(0o600)
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.symlink_to(sys._base_executable)  # type: ignore[attr-defined] # that of no environment: there is no notify
    script = "\n".join(["set -ex", *commands()])
    script = script.replace("/opt/notify", str(installed)).replace("/etc/notify/notify.env", str(env_file))
    done = subprocess.run(
        ["bash", "-c", script],
        env=bare() | {"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=copy,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert (copy / "alice" / "index.html").is_file()
    printed = {general(line) for line in done.stdout.splitlines()}
    assert [line for line in sample() if general(line) not in printed] == []
