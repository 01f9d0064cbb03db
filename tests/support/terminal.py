"""The command line as people use it: without a terminal in this process, or on a terminal of a given width."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from notify_cli import cli, db
from tests.support import pool, process

PROGRAM = (sys.executable, "-c", process.PROGRAM)

_OURS = ("NOTIFY_", "SENDGRID_", "DISCORD_", "DATABASE_URL", "FRONTEND_URL", "FROM_", "REPLY_TO")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


@dataclass
class Command:
    """Runs commands with an environment of its own, in an empty folder, without a terminal.

    A messages.yaml that the test puts into the folder is the messages file.
    """

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in os.environ:
            if name.startswith(_OURS):
                self.monkeypatch.delenv(name)
        self.monkeypatch.chdir(self.folder)

    def __call__(self, *arguments: object, **environment: str) -> Result:
        """Run `notify ARGUMENTS` in this process; a string as its only argument is split at spaces."""
        words = str(arguments[0]).split() if len(arguments) == 1 else [str(argument) for argument in arguments]
        with self.monkeypatch.context() as patch:
            own = self.folder / "messages.yaml"
            found = {"NOTIFY_MESSAGES": str(own)} if own.is_file() else {}
            for name, value in (self.environment | found | {k: v for k, v in environment.items() if v}).items():
                patch.setenv(name, value)
            patch.setattr(db, "connect", pool.connect)
            self.capsys.readouterr()
            code = cli.run(words)
        out, err = self.capsys.readouterr()
        return Result(code, out, err)


def on_terminal(
    command: str,
    environment: dict[str, str],
    *,
    columns: int = 80,
    folder: Path | None = None,
    colours: bool = False,
    typed: str = "",
    program: Sequence[str] = PROGRAM,
) -> str:
    """What `notify COMMAND` shows on a terminal so wide, without its colours unless they are wanted.

    `typed` is what somebody types meanwhile; `program` runs something else than `notify`.
    """
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    child = subprocess.Popen(
        [*program, *command.split()], stdin=inner, stdout=inner, stderr=inner, env=bare() | environment, cwd=folder
    )
    os.close(inner)
    os.write(outer, typed.encode())
    shown = b""
    try:
        while piece := os.read(outer, 65536):
            shown += piece
    except OSError:  # the terminal closes with its last writer
        pass
    child.wait(30)
    os.close(outer)
    text = shown.decode().replace("\r\n", "\n")
    return text if colours else _COLOURS.sub("", text)


def bare() -> dict[str, str]:
    """An environment without any setting."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TERM": "xterm-256color", "TZ": "UTC"}
