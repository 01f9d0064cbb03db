"""A PgBouncer of the test's own, in transaction mode, before the test's PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from notify_cli import db
from notify_cli.errors import DatabaseError

PROGRAM = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
PORT = 6432


@contextmanager
def pooled(url: str, *, connections: int = 3) -> Iterator[str]:
    """The URL of the same database through a pooler that shares so few server connections between all clients."""
    assert PROGRAM is not None
    parts = urlsplit(url)
    server, database = parse_qs(parts.query), parts.path.lstrip("/")
    folder = Path(tempfile.mkdtemp(prefix="pgb-", dir="/tmp"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"""
        [databases]
        {database} = host={server["host"][0]} port={server["port"][0]} user={parts.username}
        [pgbouncer]
        pool_mode = transaction
        listen_addr =
        listen_port = {PORT}
        unix_socket_dir = {folder}
        auth_type = any
        default_pool_size = {connections}
        max_client_conn = 200
        logfile = {folder / "log"}
        """.replace("        ", ""),
        encoding="utf-8",
    )
    command = [PROGRAM, "-q", str(settings)]
    if os.geteuid() == 0:  # it refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        command[1:1] = ["-u", "nobody"]
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        pooled_url = f"postgresql://{parts.username}@/{database}?host={folder}&port={PORT}"
        _await(pooled_url, started, folder / "log")
        yield pooled_url
    finally:
        started.kill()
        started.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _await(url: str, started: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            db.connect(url).close()
        except DatabaseError:
            if started.poll() is not None or time.monotonic() > deadline:
                words = log.read_text("utf-8") if log.exists() else "no log"
                raise AssertionError(f"PgBouncer does not start: {words}") from None
            time.sleep(0.01)
        else:
            return
