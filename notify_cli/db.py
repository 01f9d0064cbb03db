"""The database connection: how it is opened, and psycopg's exceptions turned into ours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, namedtuple_row

from notify_cli.errors import ConfigError, DatabaseError

Connection = psycopg.Connection[TupleRow]
Params = dict[str, Any]

CONNECT_TIMEOUT = 10  # seconds


def connect(url: str) -> Connection:
    """Open a connection that works through a transaction pooler: autocommit, no prepared statements.

    Raises DatabaseError when the server cannot be reached or refuses us.
    """
    try:
        return psycopg.connect(
            url, autocommit=True, prepare_threshold=None, connect_timeout=CONNECT_TIMEOUT, application_name="notify"
        )
    except psycopg.Error as error:
        reason = _first_line(error)
        raise DatabaseError(f"the database cannot be reached: {reason}; check DATABASE_URL and its server") from error


@contextmanager
def errors() -> Iterator[None]:
    """Translate psycopg's exceptions: a schema that init-db would mend is ConfigError, all else DatabaseError."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName) as error:
        raise ConfigError(f"the database is not ready ({_first_line(error)}): run notify init-db") from error
    except psycopg.errors.InvalidTextRepresentation as error:
        if "delivery_status" in str(error):
            raise ConfigError(f"the database is not ready ({_first_line(error)}): run notify init-db") from error
        raise DatabaseError(f"the database refused a statement: {_first_line(error)}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(f"the database role may not do this: {_first_line(error)}") from error
    except psycopg.ProgrammingError as error:
        raise DatabaseError(f"the database refused a statement: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise DatabaseError(f"the database cannot be used: {_first_line(error)}") from error


@contextmanager
def joined(connection: Connection) -> Iterator[Connection]:
    """Work within the transaction of a caller's connection, which is neither committed nor rolled back here.

    A statement that fails leaves a transaction that was open before as it was; what the caller did in it stays.
    """
    if connection.info.transaction_status is not TransactionStatus.INTRANS:
        yield connection
        return
    with errors(), connection.transaction():
        yield connection


def rows(connection: Connection, sql: str, params: Params | None = None) -> list[Any]:
    """Run one statement and return its rows as named tuples, one field per column."""
    with errors(), connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(sql, params or {}, prepare=False).fetchall()


def execute(connection: Connection, sql: str, params: Params | None = None) -> int:
    """Run one statement and return its row count."""
    with errors():
        return connection.execute(sql, params or {}, prepare=False).rowcount


# How a :name in a .sql file is passed: its type, since an untyped null cannot be compared, and the clock where no
# time is given: the database's own.
_PARAMETERS = {
    "now": "coalesce(%(now)s::timestamptz, now())",
    "horizon": "(coalesce(%(now)s::timestamptz, now()) + %(within)s::interval)",
    "floor": "(coalesce(%(now)s::timestamptz, now()) - %(since)s::interval)",
}


def load_sql(path: Path, types: dict[str, str] | None = None) -> str:
    """Read a .sql file whose parameters are written `:name`, so that it can be pasted into psql as it is.

    `types` gives the PostgreSQL type of each parameter besides :now, :horizon and :floor. Raises KeyError for a
    parameter without a type.
    """
    known = types or {}
    text = "\n".join(re.sub(r"--.*$", "", line) for line in path.read_text(encoding="utf-8").splitlines())

    def parameter(match: re.Match[str]) -> str:
        name = match.group(1)
        return _PARAMETERS.get(name) or f"%({name})s::{known[name]}"

    return re.sub(r"(?<![:\w]):([a-z_]+)", parameter, text.replace("%", "%%"))


def glob(pattern: str) -> str:
    """A shell glob (`*`, `?`) as a LIKE pattern, in which all else is literal."""
    literal = re.sub(r"([\\%_])", r"\\\1", pattern)
    return literal.replace("*", "%").replace("?", "_")


def lasting(reconnect: Callable[[], Connection], write: Callable[[Connection], None], *, patience: float) -> None:
    """Do an idempotent write on a new connection, trying for `patience` seconds while the database comes back.

    Raises DatabaseError when it does not.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with reconnect() as connection:
                return write(connection)
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _first_line(error: psycopg.Error) -> str:
    """The server's own words without DETAIL, which may quote a person's data, and without the statement."""
    message = error.diag.message_primary or str(error).strip().split("\n", maxsplit=1)[0]
    return message.strip() or type(error).__name__
