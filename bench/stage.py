"""What every figure is measured on: a PostgreSQL of its own, fakes and sweeps as processes of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench import fill
from bench.provider import CERTIFICATE
from notify_cli import db
from notify_cli.platform import schema
from tests.support.fakes import discord, sendgrid
from tests.support.postgres import Server, as_user

ROOT = Path(__file__).parent.parent
NOTIFY = Path(sys.executable).with_name("notify")
PATIENCE = 300.0  # seconds that a measured process may take

LATENCY = 0.05


class Broken(Exception):
    """A run did not do its work: there is nothing to measure."""


@dataclass(frozen=True)
class Run:
    """A finished process. `cpu` is user and system time in seconds, `peak` its memory in MB."""

    wall: float
    cpu: float
    peak: float
    output: str

    @property
    def json(self) -> dict[str, Any]:
        """What it printed."""
        printed: dict[str, Any] = json.loads(self.output)
        return printed


class Stage:
    """A server with databases to fill, which init-db has made ready."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @contextmanager
    def database(self) -> Iterator[str]:
        """A fresh database, by the URL of the account that owns its tables; it is dropped afterwards."""
        with self.server.database() as superuser:
            url = as_user(superuser)
            with db.connect(url) as connection:
                schema.create(connection, catch_up=True)
            yield url

    @contextmanager
    def past(self, meetings: int, *, current: int) -> Iterator[str]:
        """A database in which so many meetings have been held and nothing is due now, see `fill.history`."""
        with self.database() as url:
            name = conninfo_to_dict(url)["dbname"]
            with db.connect(self.server.cluster.url(str(name))) as superuser:
                fill.history(superuser, meetings, current=current)
            with db.connect(url) as connection:
                schema.create(connection, catch_up=True)
            with db.connect(self.server.cluster.url(str(name))) as superuser:
                superuser.execute("vacuum analyze")
            yield url

    @contextmanager
    def overheard(self, url: str) -> Iterator[list[str]]:
        """The statements that come to this database, in order; complete when the context has ended."""
        name = conninfo_to_dict(url)["dbname"]
        log = self.server.cluster.folder.with_name(f"{self.server.cluster.folder.name}.log")
        heard: list[str] = []
        with psycopg.connect(self.server.cluster.url(), autocommit=True) as connection:
            connection.execute(f"alter database {name} set log_statement = 'all'".encode())
            before = log.stat().st_size
            yield heard
            connection.execute(f"alter database {name} reset log_statement".encode())
        lines = log.read_bytes()[before:].decode()
        heard += re.findall(r"LOG:  (?:statement|execute [^:]*): (.*?)(?=\n\S|\Z)", lines, re.DOTALL)


@contextmanager
def stage() -> Iterator[Stage]:
    """Set the stage, and clear it."""
    # As production has it: statistics follow the tables. A checkpoint in the middle would be noise.
    with Server({"autovacuum": "on", "max_wal_size": "4GB", "shared_buffers": "512MB"}) as server:
        yield Stage(server)


@contextmanager
def provider(
    which: str, *, latency: float = LATENCY, record: Path | None = None, tls: Path | None = None
) -> Iterator[str]:
    """A fake provider in a process of its own; yields its URL."""
    command = [sys.executable, "-m", "bench.provider", which, "--latency", str(latency)]
    command += ["--record", str(record)] if record else []
    command += ["--tls", str(tls)] if tls else []
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def environment(url: str, *, mail: str = "", chat: str = "", tls: Path | None = None, **more: str) -> dict[str, str]:
    """The environment of a sweep under cron: short, and with the settings of production."""
    values = {
        "PATH": os.defpath,
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": url,
        "FRONTEND_URL": "https://courses.example.org",
        "SENDGRID_API_KEY": sendgrid.KEY,
        "SENDGRID_API_URL": mail,
        "FROM_EMAIL": "course@example.org",
        "FROM_NAME": "Example Course",
        "DISCORD_BOT_TOKEN": discord.TOKEN,
        "DISCORD_API_URL": f"{chat}/api/v10" if chat else "",
        "DISCORD_SERVER_ID": "800000000000000001",
        "NOTIFY_MESSAGES": str(ROOT / "messages.yaml"),
    }
    trust = {"SSL_CERT_FILE": str(tls / CERTIFICATE)} if tls else {}
    return {name: value for name, value in (values | trust | more).items() if value}


def run(command: Sequence[str | Path], environ: dict[str, str]) -> Run:
    """Run a command to its end and account for it. Raises Broken when it fails."""
    return Started(command, environ).finish()


def sweep(environ: dict[str, str], *options: str) -> Run:
    """One `notify sweep-due`, as cron starts it."""
    return run([NOTIFY, "sweep-due", *options], environ)


class Started:
    """A process on its way. Bytecode is cached, as it is in production."""

    def __init__(self, command: Sequence[str | Path], environ: dict[str, str]) -> None:
        self.command = " ".join(str(part) for part in command[:3])
        # Closed by `_text`.
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            command, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._errors
        )

    def finish(self) -> Run:
        """Wait for its end, see `run`."""
        alarm = threading.Timer(PATIENCE, self._process.kill)
        alarm.start()
        try:
            # The kernel's account of this one process, which waiting by other means would lose.
            _, status, used = os.wait4(self._process.pid, 0)
        finally:
            alarm.cancel()
        wall = time.perf_counter() - self._began
        self._process.returncode = os.waitstatus_to_exitcode(status)
        output, errors = (_text(file) for file in (self._output, self._errors))
        if self._process.returncode != 0:
            raise Broken(f"{self.command} ended with {self._process.returncode}: {errors.strip()[-500:]}")
        return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def _text(file: IO[str]) -> str:
    with file:
        file.seek(0)
        return file.read()
