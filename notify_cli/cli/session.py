"""What the global options say, and the settings, database and demo they lead to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import config, display
from notify_cli.characters import escaped
from notify_cli.config import Need
from notify_cli.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    from notify_cli import db
    from notify_cli.config import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


@dataclass(slots=True)
class Session:
    """One run of the command line."""

    env_file: Path | None = None
    demo: bool = False
    verbose: bool = False
    _settings: Settings | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def settings(self) -> Settings:
        """The settings, read once. Raises ConfigError with every fault."""
        if self._settings is None:
            self._settings = config.from_environment(self.settings_file)
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def settings_file(self) -> Path | None:
        """The env file that was named, else that of this host if it can be read."""
        usual = config.USUAL_ENV_FILE
        return self.env_file or (usual if os.access(usual, os.R_OK) else None)

    def settings_for(self, need: Need) -> Settings:
        """The settings. Raises ConfigError with every fault, and with all that is missing for what is to be done."""
        if self._settings is None:
            self._settings = config.from_environment(self.settings_file, need)
        self._settings.require(need)
        return self._settings

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown, as far as it is known."""
        return self._settings.secrets if self._settings else ()

    def enter_demo(self) -> None:
        """Go on with the demo's settings and database, until `close`."""
        from notify_cli.demo.server import DemoDatabase

        database = self._open.enter_context(DemoDatabase(prepare=init_db))
        self._settings = database.settings(os.environ)

    def close(self) -> None:
        """Let go of what the global options opened and of what was read: the next run has its own."""
        self._open.close()
        self._settings = None

    @property
    def connect(self) -> Callable[[], db.Connection]:
        """How to open a connection to the platform's database."""
        from notify_cli import db

        settings = self.settings_for(Need.DATABASE)
        return partial(db.connect, settings.database_url)


session = Session()


def confirm(question: str, otherwise: str = "add --yes, or look first with --dry-run") -> None:
    """Ask; who says no is done. Raises UsageError, which says what to do `otherwise`, where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask: {otherwise}")
    if not typer.confirm(escaped(question), err=True):
        display.errors(["nothing was done"])
        raise typer.Exit(EXIT_OK)


def init_db(url: str) -> None:
    """Make a database ready, as `notify init-db` does."""
    from notify_cli import db
    from notify_cli.platform import schema

    with db.connect(url) as connection:
        schema.create(connection, catch_up=True)
