"""`init-db`: the views over the platform's tables, the log, and what all hosts share. Idempotent, additive only.

All of it is SQL that psql runs as well (`init-db --print`), in the files of init_db/: one transaction, then the
indexes, each on its own. What depends on the database is decided there, in PL/pgSQL.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from notify_cli import db, log_schema, sql
from notify_cli.errors import ConfigError, DatabaseError
from notify_cli.platform import contract, indexes, start, statements

_SQL = sql.Folder(__file__)
_INIT = sql.Folder(__file__, "init_db")
# What one transaction does, in this order. The setting `notify.views` carries from one part to the next what becomes of
# the views, search_path where names without a schema are looked for; both end with the transaction.
_PARTS = (
    "views_kept",
    "names",
    "missing",
    "make_views",
    "restore_views",
    "log_tables",
    "log_values",
    "contract",
    "start",
    "calendars_from_log",
)
# Any number that all hosts share: who makes the shared tables first makes them alone.
_LOCK = 0x6E6F7469
# A live table must not stay locked behind somebody's long transaction.
_LOCK_TIMEOUT = "10s"
_LEASE = timedelta(minutes=1)
_PATIENCE = 120.0  # seconds to wait for another host to finish

_HEAD = """\
-- notify init-db, for psql. It may be run at any time, and adds only what is missing.
\\set ON_ERROR_STOP on
begin;
"""


def script(views: Path | None = None, *, catch_up: bool = False) -> str:
    """The SQL of init-db, for psql: it leaves what `create` leaves.

    `views` is a file with the platform's own views. Raises ConfigError when it cannot be read.
    """
    parts = _parts(views, catch_up=catch_up).values()
    return "\n".join([_HEAD, *_beginning(), *parts, "commit;\n", _INIT.script("indexes")])


def create(connection: db.Connection, views: Path | None = None, *, catch_up: bool = False) -> dict[str, datetime]:
    """Create or upgrade everything notify needs. Several hosts may do it at once: one does it, the others wait.

    With `catch_up` everything counts that is due, however long ago. Returns the types that were started again, with
    their former start: the log was found made anew or emptied, so what was sent since then is not known any more.
    Raises ConfigError when a table or column that the views need is missing, a type does not fit, or the role may not
    do this, and then nothing is changed; DatabaseError for all else.
    """
    with _alone(connection, _parts(views, catch_up=catch_up), views) as restarted:
        indexes.build(connection, lambda: _extend_lease(connection, _LEASE))
    return restarted


def drop_views(connection: db.Connection) -> None:
    """Take the views away until the next `create`, which makes them again with the rights that were granted on them.

    Raises ConfigError when something else uses them, DatabaseError for all else.
    """
    with _alone(connection, {"drop_views": f"do $drop$ {_INIT.script('drop_views')} $drop$"}, None):
        pass


def needed(views: str) -> dict[str, set[str]]:
    """The platform's tables that these definitions of views read, and of each the columns that it must have.

    For definitions written as in views.sql: a table at the beginning of a line, a column after its table's alias.
    """
    tables: dict[str, set[str]] = {}
    for definition in re.split(r"create or replace view", re.sub(r"--.*", "", views)):
        for table, alias in re.findall(r"^(?:from|left join) (\w+) (\w+)", definition, re.MULTILINE):
            tables.setdefault(table, set()).update(re.findall(rf"\b{alias}\.(\w+)", definition))
    return tables


def lock() -> str:
    """The statements that keep other hosts from the same until the transaction ends, and waiting short."""
    return f"do $$ begin perform pg_advisory_xact_lock({_LOCK}); end $$;\nset local lock_timeout = '{_LOCK_TIMEOUT}';"


def _beginning() -> list[str]:
    return [lock(), _INIT.script("own_tables"), _INIT.script("calendars")]


def _parts(views: Path | None, *, catch_up: bool) -> dict[str, str]:
    """What the transaction does, by the names of the files."""
    names = (*_PARTS, "catch_up") if catch_up else _PARTS
    shipped = _SQL.script("views")
    definitions = shipped if views is None else _read(views)
    tables = needed(shipped)
    constants = contract.CONSTANTS | {
        "shipped": "true" if definitions == shipped else "false",
        "tables": f"{{{','.join(tables)}}}",
        "columns": f"{{{','.join(f'{table}.{column}' for table in tables for column in sorted(tables[table]))}}}",
    }
    quoted = _dollar_quoted(definitions)
    return {
        name: sql.with_constants(_INIT.script(name), constants).replace("/* definitions */", quoted) for name in names
    }


def _dollar_quoted(text: str) -> str:
    tag = "$views$"
    while tag in text:
        tag = f"{tag[:-1]}_$"
    return f"{tag}{text}{tag}"


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--views {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from error
    for statement in statements.split(text):
        if statement.ends_transaction:
            raise ConfigError(
                f"{path}:{statement.line}: write the file without begin and commit: "
                "init-db runs it with all else in one transaction"
            )
    return text


@contextmanager
def _alone(connection: db.Connection, parts: Mapping[str, str], views: Path | None) -> Iterator[dict[str, datetime]]:
    """Do the parts in one transaction, and what is within this context after it, while no other host does either.

    Yields the types that were started again, with their former start.
    """
    deadline = time.monotonic() + _PATIENCE
    log_schema.forget(connection)
    while (restarted := _done(connection, parts, views)) is None:
        if time.monotonic() > deadline:
            raise DatabaseError("another host is still running init-db: run it again later")
        time.sleep(0.1)
    try:
        yield restarted
    finally:
        log_schema.forget(connection)
        with suppress(psycopg.Error, DatabaseError):  # it ends by itself
            _extend_lease(connection, timedelta())


def _done(connection: db.Connection, parts: Mapping[str, str], views: Path | None) -> dict[str, datetime] | None:
    """Which types were started again by the parts, which are committed; None if it is another host's turn."""
    with errors(views), connection.transaction():
        for statement in _beginning():
            connection.execute(statement.encode())
        if not db.rows(connection, _INIT("take_lease"), {"lease": _LEASE}):
            return None
        before = start.since(connection)
        for name, part in parts.items():
            with _refusals(name, views, connection):
                connection.execute(part.encode())
        after = start.since(connection)
        return {name: since for name, since in before.items() if after[name] > since}


@contextmanager
def _refusals(part: str, views: Path | None, connection: db.Connection) -> Iterator[None]:
    """The faults that a part has found, a line each; of a file with views, every statement that fails."""
    try:
        with connection.transaction():
            yield
    except psycopg.errors.RaiseException as error:
        where = f"{views or 'the views'}: " if part == "contract" else ""
        lines = (error.diag.message_primary or "").split("\n")
        raise ConfigError(*(where + line for line in lines)) from error
    except psycopg.ProgrammingError as error:
        found = _failing(connection, views) if views and part == "make_views" else []
        if found:
            raise ConfigError(*found) from error
        raise


def _failing(connection: db.Connection, views: Path) -> list[str]:
    """Every statement of the file that fails when it is run after those before it, with its line."""
    found = []
    with connection.transaction(force_rollback=True):
        for statement in statements.split(_read(views)):
            try:
                with connection.transaction():
                    connection.execute(statement.text.encode())
            except psycopg.errors.InvalidTableDefinition:
                pass  # other columns than the view has now: that alone is no fault
            except (psycopg.ProgrammingError, psycopg.DataError) as error:
                found.append(f"{views}:{statement.line}: {error.diag.message_primary}")
    return found


def _extend_lease(connection: db.Connection, lease: timedelta) -> None:
    db.execute(connection, _INIT("extend_lease"), {"lease": lease})


@contextmanager
def errors(views: Path | None = None) -> Iterator[None]:
    """psycopg's exceptions in the words of somebody who runs init-db, or undoes it."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise DatabaseError(
            "a table is locked by somebody's long transaction: run notify init-db again later"
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise ConfigError(
            f"the views do not fit the platform's tables: {error.diag.message_primary}; "
            "is this the platform's database? For other table names give your own views: init-db --views FILE"
        ) from error
    except psycopg.errors.DependentObjectsStillExist as error:
        uses = error.diag.message_detail or error.diag.message_primary or ""
        raise ConfigError(
            f"what notify made cannot be replaced or removed: {', '.join(uses.splitlines())}; drop what uses them"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(f"the database role may not do this: {error.diag.message_primary}") from error
    except psycopg.ProgrammingError as error:
        raise ConfigError(f"{views or 'init-db'}: {error.diag.message_primary}") from error
    except psycopg.Error as error:
        raise DatabaseError(f"init-db failed: {error.diag.message_primary or type(error).__name__}") from error
