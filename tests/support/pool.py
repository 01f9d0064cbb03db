"""Connections that stay open from one run to the next, as behind a pooler.

Half of what a sweep costs the server is its new process for each connection, which knows nothing of the views yet. The
tool leaves nothing behind in a session, see tests/resilience/test_pooler.py, so that a test may use one again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import partial

import psycopg
from psycopg.pq import TransactionStatus

from notify_cli import db, log_schema

_idle: defaultdict[str, list[db.Connection]] = defaultdict(list)
_open = db.connect


def connect(url: str, *, timeout: int = db.CONNECT_TIMEOUT) -> db.Connection:
    """As db.connect: a connection that nobody uses and that is still good, else a new one; closing it gives it back."""
    while _idle[url]:
        connection = _idle[url].pop()
        if is_good(connection):
            log_schema.forget(connection)
            connection.read_only = None  # the connection's own, which the session knows nothing of
            vars(connection)["ends_at"] = math.inf
            break
    else:
        connection = _open(url, timeout=timeout)
    vars(connection)["close"] = partial(_give_back, url, connection)
    return connection


def drain(url: str) -> None:
    """Close those of a database that nobody uses, as whatever user."""
    database = url.rpartition("@")[2]
    for kept in [kept for kept in _idle if kept.rpartition("@")[2] == database]:
        for connection in _idle.pop(kept):
            connection.close()


def is_good(connection: psycopg.Connection) -> bool:
    """Whether the server still answers on it; one that it does not is closed."""
    try:
        connection.execute("select")
    except psycopg.OperationalError:
        connection.close()
        return False
    return True


def _give_back(url: str, connection: db.Connection) -> None:
    del vars(connection)["close"]
    if connection.info.transaction_status is TransactionStatus.IDLE:
        _idle[url].append(connection)
    else:
        connection.close()
