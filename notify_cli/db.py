"""The database connection: how it is opened, and psycopg's exceptions turned into ours."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from psycopg.abc import AdaptContext, Buffer, PQGen
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, namedtuple_row

from notify_cli import log_schema
from notify_cli.errors import ConfigError, DatabaseError, Line, NotifyError

Connection = psycopg.Connection[TupleRow]
Params = dict[str, Any]
_R = TypeVar("_R")
_T = TypeVar("_T")

# A day from the very ends, so that they survive a change of zone.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

# What psycopg has to say of a lost connection is ours to say; without this it lands on stderr a second time.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

CONNECT_TIMEOUT = 10  # seconds
RETRY_PAUSE = 0.2  # seconds between two tries of a write while the database is away

_REFUSALS = (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError)
_AT_A_TIME = 1000 if psycopg.capabilities.has_stream_chunked() else 1  # rows; an older libpq knows one or all

# A host that vanished without a word (power, firewall, failover) is given up after about as long as one that refuses.
_TCP: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": CONNECT_TIMEOUT * 1000,
}


def connect(url: str, *, timeout: int = CONNECT_TIMEOUT) -> Connection:
    """Open a connection that works through a transaction pooler: autocommit, no prepared statements.

    `timeout` is how many seconds each address of the server gets. Raises DatabaseError when the server cannot be
    reached or refuses us.
    """
    try:
        connection = _Bounded.connect(
            url, autocommit=True, prepare_threshold=None, connect_timeout=timeout, application_name="notify", **_TCP
        )
    except psycopg.ProgrammingError as error:
        # Not in libpq's words: they quote the part that it stumbled over, which may be the password.
        mend = "percent-encode what is special in its user name and password (@ as %40)"
        raise ConfigError(Line.of("DATABASE_URL cannot be read", mend)) from error
    except (psycopg.Error, UnicodeError) as error:
        reason = _without_password(_first_line(error), url)
        told = f"the database cannot be reached: {reason}"
        raise DatabaseError(Line.of(told, "check DATABASE_URL and its server", "; ")) from error
    connection.adapters.register_loader("timestamptz", _Moment)
    return connection


def with_deadline(connect: Callable[[], Connection], ends_at: float) -> Callable[[], Connection]:
    """The same way to connect, but a statement still running at that time.monotonic() fails with DatabaseError.

    On our side of the connection: a pooler refuses such settings or hands them to others, and a server (or a pooler
    that waits for one) may be what hangs.
    """

    def bounded() -> Connection:
        connection = connect()
        if isinstance(connection, _Bounded):
            connection.ends_at = ends_at
        return connection

    return bounded


class RefusedError(DatabaseError):
    """The server answered, and will not do this: neither waiting nor a new connection would help."""


@contextmanager
def errors() -> Iterator[None]:
    """Translate psycopg's exceptions: a schema that init-db would mend is ConfigError, all else DatabaseError.

    RefusedError among them is what the server said no to; any other means that the connection is of no use.
    """
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName) as error:
        raise ConfigError(_not_ready(error)) from error
    except psycopg.errors.InvalidTextRepresentation as error:
        if "for enum" in str(error):
            raise ConfigError(_not_ready(error)) from error
        raise RefusedError(f"the database refused a statement: {_discreet(error)}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        told = f"the database role may not do this: {_first_line(error)}"
        raise ConfigError(Line(told, mend="grant it to the role in DATABASE_URL")) from error
    except _REFUSALS as error:
        raise RefusedError(f"the database refused a statement: {_discreet(error)}") from error
    except psycopg.errors.QueryCanceled as error:
        told = f"the database cannot be used: {_first_line(error)}"
        mend = "find out what takes so long, or give the role in DATABASE_URL a longer statement_timeout"
        raise DatabaseError(Line(told, mend=mend)) from error
    except psycopg.Error as error:
        raise DatabaseError(f"the database cannot be used: {_discreet(error)}") from error


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
    """Run one statement and return its rows as named tuples, one field per column.

    `:"log"` in a statement is the log's schema, see log_schema. Raises ConfigError and DatabaseError as `errors` does.
    """
    with _cursor(connection, sql) as (cursor, statement):
        return cursor.execute(statement, params or {}, prepare=False).fetchall()


def each(connection: Connection, sql: str, params: Params | None = None) -> Iterator[Any]:
    """The same, a row at a time as they arrive: for an answer too long to be held whole."""
    with _cursor(connection, sql) as (cursor, statement):
        yield from cursor.stream(statement, params or {}, size=_AT_A_TIME)


def execute(connection: Connection, sql: str, params: Params | None = None) -> int:
    """Run one statement and return its row count."""
    with _cursor(connection, sql) as (cursor, statement):
        return cursor.execute(statement, params or {}, prepare=False).rowcount


def one_by_one_on_refusal(
    do: Callable[[Sequence[_T]], list[_R]], batch: Sequence[_T], refusals: list[NotifyError]
) -> list[_R]:
    """Do it for a batch in one statement; if the server refuses that, for each alone, so that one row stops no other.

    Adds what single rows met to `refusals`.
    """
    try:
        return do(batch)
    except RefusedError:
        done: list[_R] = []
        for one in batch:
            try:
                done += do([one])
            except RefusedError as error:
                refusals.append(error)
        return done


def retry_write(
    connect: Callable[[], Connection], write: Callable[[Connection], None], *, go_on: Callable[[], bool]
) -> tuple[Connection, int]:
    """Do an idempotent write on a new connection, and on another as long as that fails and `go_on` says so.

    Returns the connection on which it succeeded, left open, and how many tries that took. Raises what the last try met,
    RefusedError at once.
    """
    tries = 0
    while True:
        tries += 1
        connection = None
        try:
            connection = connect()
            write(connection)
        except Exception as error:
            if connection is not None:
                connection.close()
            if isinstance(error, RefusedError) or not go_on():
                raise
            time.sleep(RETRY_PAUSE)
        else:
            return connection, tries


@contextmanager
def _cursor(connection: Connection, sql: str) -> Iterator[tuple[psycopg.Cursor[Any], str]]:
    with (
        errors(),
        log_schema.named(connection, sql) as statement,
        psycopg.Cursor(connection, row_factory=namedtuple_row) as cursor,
    ):
        yield cursor, statement


class _Bounded(psycopg.Connection[TupleRow]):
    """A connection whose statements wait no longer than `ends_at`, a time.monotonic().

    It relies on three things of psycopg, whose minor version is capped for it; tests/test_db.py holds each of them:
    every wait for the server goes through `Connection.wait` (all but that of connecting, which has its own timeout);
    the generator that `wait` is given yields what to wait for, and is sent what is ready; and it is sent nothing ready
    each time that the interval, a tenth of a second, is over without an answer.
    """

    ends_at = math.inf

    def wait(self, gen: PQGen[_R], *args: Any, **options: Any) -> _R:
        """Wait as psycopg does, until `ends_at`: then the connection is closed, and OperationalError raised."""
        return super().wait(self._until_the_end(gen), *args, **options)

    def _until_the_end(self, gen: PQGen[_R]) -> PQGen[_R]:
        """The same generator, which ends at the first interval without an answer after `ends_at`."""
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and time.monotonic() > self.ends_at:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("no answer came in time")
                state = gen.send(ready)
        except StopIteration as done:
            result: _R = done.value
            return result


class _Moment(Loader):
    """A time as Python can hold it: one beyond the year 9999, or infinite, is the last (or first) there is.

    psycopg refuses such a value, and with it all other rows of the result.
    """

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        exact = psycopg.adapters.get_loader(oid, psycopg.pq.Format.TEXT)
        assert exact is not None  # noqa: S101 - psycopg always has one
        self._exact = exact(oid, context)

    def load(self, data: Buffer) -> Any:
        try:
            return self._exact.load(data)
        except psycopg.DataError:
            text = bytes(data)
            return _FIRST if text.startswith(b"-") or text.endswith(b"BC") else _LAST


def _first_line(error: Exception) -> str:
    """The server's own words without DETAIL, which may quote a person's data, and without the statement."""
    words = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    message = words or str(error).strip().split("\n", maxsplit=1)[0]
    return message.strip() or type(error).__name__


def _discreet(error: psycopg.Error) -> str:
    """The server's words without what they quote of a row: a value of the wrong form, or what a trigger raised."""
    words = _first_line(error)
    if isinstance(error, psycopg.DataError):
        return re.sub(r'".*"', '"..."', words, flags=re.DOTALL)
    if isinstance(error, psycopg.errors.RaiseException):
        place = (error.diag.context or "").split("\n", maxsplit=1)[0]
        return f"an exception was raised in the database ({place or 'by a function'})"
    return words


def _not_ready(error: psycopg.Error) -> Line:
    return Line.of(f"the database is not ready ({_first_line(error)})", "run notify init-db")


def _without_password(text: str, url: str) -> str:
    """The text without anything that may be a piece of the password: one with a bare @ or / is taken for a host."""
    found = re.match(r"\w+://[^:@/]*:(.*)@", url) or re.search(r"password\s*=\s*('.*'|\S+)", url)
    for piece in re.split(r"[@/:?#%&'\s]", found.group(1)) if found else ():
        text = re.sub(rf"(?<!\w){re.escape(piece)}(?!\w)", "***", text) if piece else text
    return text
