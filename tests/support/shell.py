"""The command line on a world, in this process: what a person at a shell would see of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from notify_cli import cli, db
from notify_cli.cli.session import session
from tests.support import pool
from tests.support.terminal import Result
from tests.support.world import World


@dataclass(frozen=True)
class Shell:
    """`shell("send", "welcome", "--user", 1)` runs a command on the world, as on a production host."""

    world: World
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object, **environment: str) -> Result:
        """Run a command; `environment` adds variables, an empty one takes it away."""
        with self.monkeypatch.context() as patch:
            for name, value in self.world.environment(**environment).items():
                patch.setenv(name, value)
            patch.setattr(session, "_settings", None)
            patch.setattr(db, "connect", pool.connect)
            self.capsys.readouterr()
            code = cli.run([str(argument) for argument in arguments])
        printed = self.capsys.readouterr()
        return Result(code, printed.out, printed.err)
