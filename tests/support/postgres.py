"""The test suite's PostgreSQL: one server per session, a fresh database per test cloned from a template.

It is the embedded one, or that of which the environment variable TEST_POSTGRES names the folder of programs.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from unittest.mock import patch

import psycopg

from notify_cli.demo import cluster
from notify_cli.demo import server as demo
from notify_cli.demo.cluster import SUPERUSER, Cluster
from tests.support import pool

# Owns the tables and is no superuser, like the platform's own account.
OWNER = "platform_owner"

# The first server_version at which a database is copied file by file only where it is asked for.
FILE_COPY = 150000

EMPTY = "template_empty"
PLATFORM = "template_platform"

# The folder with the programs of another PostgreSQL, 14 or later, to run the tests on instead of the embedded one.
if OTHER := os.environ.get("TEST_POSTGRES"):
    vars(cluster).update(_binaries=lambda: Path(OTHER), _LOCALE="--locale=C.UTF-8")

_TEMPLATES = {EMPTY: ("platform.sql",), PLATFORM: ("platform.sql", "platform_log.sql")}


class LargePages(Cluster):
    """A cluster whose processes take memory from Linux in pages of 2 MB instead of 4 kB, where the C library can.

    A new server process plans the rules' statement in memory that the kernel has to hand out and to clear: with small
    pages that was a fifth of the processor time of an idle sweep's connection. The variable is of glibc 2.35 and later
    (its manual, "Memory Allocation Tunables"); other libraries ignore it.
    """

    def _launch(self, binaries: Path) -> None:
        with patch.dict(os.environ, {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}):
            super()._launch(binaries)


class Server:
    """A PostgreSQL server of its own in a temporary folder; a context manager that stops and removes it.

    `options` are PostgreSQL settings, for a test that needs its own server (log_statement, max_connections); `kind` is
    how its processes are started. `version` is libpq's number for it once it runs: 180000 and above is PostgreSQL 18.
    """

    def __init__(self, options: dict[str, str] | None = None, kind: type[Cluster] = Cluster) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="notify-tests-", dir=quick_folder()))
        defaults = {"max_connections": "200", "autovacuum": "off", "max_wal_size": "128MB"}
        self.cluster = kind(self.folder / "postgres", defaults | (options or {}))
        self._numbers = itertools.count(1)
        self._used: deque[str] = deque()
        self.version = 0
        self._administrator: psycopg.Connection | None = None

    def __enter__(self) -> Server:
        self.cluster.start()
        with psycopg.connect(self.cluster.url()) as connection:
            self.version = connection.info.server_version
        self._administer(f"create role {OWNER} login")
        for template, scripts in _TEMPLATES.items():
            self._administer(f"create database {template} owner {OWNER}")
            with psycopg.connect(as_user(self.cluster.url(template), OWNER), autocommit=True) as connection:
                for script in scripts:
                    run_script(connection, script)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._administrator is not None:
            self._administrator.close()
        self.cluster.stop(immediate=True)
        shutil.rmtree(self.folder)

    @contextmanager
    def database(self, template: str = PLATFORM) -> Iterator[str]:
        """Lend a fresh database, by the superuser's URL; it is dropped later, whoever is still connected.

        EMPTY has only the platform's tables, PLATFORM its log tables too; `make_template` makes others.
        """
        # Not at once: while a closing connection is still on its way out, dropping waits for a tenth of a second.
        while len(self._used) > 2:
            self._administer(f"drop database {self._used.popleft()} with (force)")
        name = f"test_{next(self._numbers)}"
        url = self.make_template(name, template)
        try:
            yield url
        finally:
            pool.drain(url)
            self._used.append(name)

    def make_template(self, name: str, template: str = PLATFORM) -> str:
        """Make a lasting database, to fill once and then clone by `database(name)`; returns the superuser's URL.

        Nobody may be connected to it while it is cloned.
        """
        # Without fsync and with little in memory, the checkpoints of this strategy cost less than the log of the other.
        strategy = "strategy file_copy" if self.version >= FILE_COPY else ""
        self._administer(f"create database {name} template {template} owner {OWNER} {strategy}")
        return self.cluster.url(name)

    def stop(self, *, crash: bool = False) -> None:
        """Stop the server under everybody's feet; `crash`: without a checkpoint. `start` brings it back."""
        self.cluster.stop(immediate=crash)

    def start(self) -> None:
        """Start the server again: the same URLs are good."""
        self.cluster.start()

    def restart(self, *, crash: bool = False) -> None:
        """Stop and start: every connection is lost, what was committed is not."""
        self.stop(crash=crash)
        self.start()

    def _administer(self, statement: str) -> None:
        """Run a statement on a connection that is kept: to open one for each costs a third of what they do."""
        if self._administrator is None or not pool.is_good(self._administrator):
            self.cluster.start()  # a test may have left it stopped
            self._administrator = psycopg.connect(self.cluster.url(), autocommit=True)
        self._administrator.execute(statement.encode())


def as_user(url: str, user: str = OWNER) -> str:
    """The same database as another account, by default the one that owns the tables and is no superuser."""
    return url.replace(f"//{SUPERUSER}@", f"//{user}@", 1)


def run_script(connection: psycopg.Connection, name: str) -> None:
    """Run one of the demo's SQL files: platform.sql, platform_log.sql or sample.sql."""
    path = Path(demo.__file__).parent / name
    connection.execute(path.read_bytes())


def quick_folder() -> Path | None:
    """Memory where there is plenty, since a database is 300 small files; else None, the temporary folder."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30 else None
