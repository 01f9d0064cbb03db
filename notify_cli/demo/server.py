"""The demo's platform: its database, course files and outbox in one folder, shared by all commands that run on it."""

from __future__ import annotations

import atexit
import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from notify_cli import config, db
from notify_cli.config import Settings
from notify_cli.demo.cluster import Cluster
from notify_cli.errors import ConfigError

FOLDER = Path(".notify-demo")

_HERE = Path(__file__).parent
_DATABASE = "platform"
_UNFINISHED = "platform_unfinished"

_SETTINGS = {
    "FRONTEND_URL": "https://courses.example.org",
    "FROM_EMAIL": "course@example.org",
    "FROM_NAME": "AI Safety Fundamentals",
    "DISCORD_SERVER_ID": "800000000000000001",
    "DISCORD_INVITE_URL": "https://discord.gg/example",
}


def scripts() -> str:
    """The SQL that makes the platform with its sample people, as of the moment it runs."""
    names = ("platform.sql", "platform_log.sql", "sample.sql")
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class DemoDatabase:
    """The running demo in `folder`; a context manager.

    `prepare` gets the URL of a database that was just made and does what its owner would (init-db); only then does the
    database appear under its name, so it is there whole or not at all. The server runs while any process uses it: each
    holds a lock that the system frees even if the process is killed, and the last to leave stops the server.
    Raises ConfigError when the folder or the installation is wrong, DatabaseError when PostgreSQL fails.
    """

    def __init__(self, folder: Path = FOLDER, prepare: Callable[[str], None] | None = None) -> None:
        self.folder = folder
        self._prepare = prepare
        self._cluster = Cluster(folder / "postgres", {"max_connections": "50", "shared_buffers": "16MB"})
        self._gate_file: IO[bytes] | None = None
        self._use_file: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the platform's database."""
        return self._cluster.url(_DATABASE)

    def __enter__(self) -> DemoDatabase:
        # The caller may leave by os._exit after the `with`; a sys.exit in between must not leave the server running.
        atexit.register(self.close)
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def settings(self, environ: Mapping[str, str]) -> Settings:
        """The settings of a demo command: nothing leaves the machine, and it needs no environment.

        Of the environment it takes only what is declared `in_demo`: never a real account, the production's database or
        its heartbeat. Raises ConfigError when one of these is wrong.
        """
        heeded = {declared.variable for declared in config.DECLARED.values() if declared.in_demo}
        return config.load(
            {name: text for name, text in environ.items() if name in heeded}
            | _SETTINGS
            | {
                "DATABASE_URL": self.url,
                "NOTIFY_OUTBOX": str(self.folder / "outbox"),
                "NOTIFY_COURSES": str(self.folder / "course"),
            }
        )

    def recreate(self) -> None:
        """Start afresh: new tables, in which everything is due now, and an empty outbox. The course files stay."""
        with self._gate():
            self._make_database()
            shutil.rmtree(self.folder / "outbox", ignore_errors=True)

    def close(self) -> None:
        """Leave the demo; stops the server unless another process uses it. May be called twice."""
        atexit.unregister(self.close)
        if self._use_file is not None:
            with self._gate():
                try:
                    fcntl.flock(self._use_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._cluster.release()
                else:
                    self._cluster.stop()
                finally:
                    self._use_file.close()
                    self._use_file = None
        if self._gate_file is not None:
            self._gate_file.close()
            self._gate_file = None

    def _open(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
            self._gate_file = (self.folder / ".gate").open("wb")
            with self._gate():
                self._use_file = (self.folder / ".in-use").open("wb")
                fcntl.flock(self._use_file, fcntl.LOCK_SH)
                self._copy_course()
                self._cluster.start()
                if not self._exists():
                    self._make_database()
        except OSError as error:
            reason = f"{error.filename or self.folder}: {error.strerror}"
            raise ConfigError(f"{reason}: the demo keeps its state in {self.folder}, it must be yours") from error

    @contextmanager
    def _gate(self) -> Iterator[None]:
        """One process at a time starts, makes or stops something here."""
        assert self._gate_file is not None, "the demo is not open"  # noqa: S101
        fcntl.flock(self._gate_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._gate_file, fcntl.LOCK_UN)

    def _copy_course(self) -> None:
        target = self.folder / "course"
        if not target.exists():
            unfinished = self.folder / "course.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(_HERE / "course", unfinished)
            unfinished.rename(target)

    def _exists(self) -> bool:
        with db.connect(self._cluster.url()) as server, db.errors():
            query = "select 1 from pg_database where datname = %s"
            return server.execute(query, [_DATABASE]).fetchone() is not None

    def _make_database(self) -> None:
        with db.connect(self._cluster.url()) as server, db.errors():
            server.execute(f"drop database if exists {_UNFINISHED} with (force)")
            server.execute(f"create database {_UNFINISHED}")
            url = self._cluster.url(_UNFINISHED)
            with db.connect(url) as connection, connection.transaction():
                connection.execute(scripts().encode())
            if self._prepare is not None:
                self._prepare(url)
            server.execute(f"drop database if exists {_DATABASE} with (force)")
            server.execute(f"alter database {_UNFINISHED} rename to {_DATABASE}")
