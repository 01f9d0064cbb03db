"""A streaming standby of a test's own PostgreSQL, to be promoted when the primary is lost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from notify_cli.demo import cluster
from notify_cli.demo.cluster import Cluster
from tests.support.postgres import Server

# What a primary needs, for a Server that is to have a standby.
PRIMARY = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
_NAME = "standby"
_PATIENCE = 120.0  # seconds


class Standby(Cluster):
    """The standby's server. It follows the primary from `start` on, until `promote`."""

    def promote(self) -> None:
        """Make it the primary; returns when it takes writes."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            assert connection.execute("select pg_promote(true, 30)").fetchone() == (True,)
            # Nobody follows it, so nobody can confirm its commits.
            connection.execute("alter system reset synchronous_standby_names")
            connection.execute("select pg_reload_conf()")

    def _is_ready(self, pid: int) -> bool:
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() in ("standby", "ready")


@contextmanager
def following(primary: Server, *, synchronous: bool) -> Iterator[Standby]:
    """A standby that has all that the primary has. Synchronous: no commit returns that it has not."""
    folder = primary.folder / _NAME
    with psycopg.connect(primary.cluster.url(), autocommit=True) as connection:
        host = str(connection.info.host)
        command = [
            *(str(cluster._binaries() / "pg_basebackup"), f"--host={host}", "--username=postgres"),
            *(f"--pgdata={folder}", "--checkpoint=fast", "--no-sync", "--wal-method=stream"),
        ]
        folder.mkdir(mode=0o700)
        owner = primary.cluster.folder.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        subprocess.run(command, check=True, capture_output=True, **cluster._as_owner(primary.cluster.folder))
        for socket in folder.glob(".s.PGSQL.*"):  # the primary's, which is in its folder too
            socket.unlink()
        (folder / "standby.signal").touch()
        conninfo = f"host={host} user=postgres application_name={_NAME}"
        standby = Standby(
            folder,
            PRIMARY | {"max_connections": "200", "primary_conninfo": conninfo},
        )
        standby.start()
        try:
            if synchronous:
                connection.execute(f"alter system set synchronous_standby_names = '{_NAME}'".encode())
                connection.execute("select pg_reload_conf()")
            _await(connection, "sync" if synchronous else "async")
            yield standby
        finally:
            standby.stop(immediate=True)


def _await(connection: psycopg.Connection, state: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (
        connection.execute(
            "select 1 from pg_stat_replication where state = 'streaming' and sync_state = %s", [state]
        ).fetchone()
        is None
    ):
        assert time.monotonic() < deadline, "the standby does not follow"
        time.sleep(0.01)
