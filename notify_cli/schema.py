"""`init-db`: the views over the platform's tables, the log's columns and the indexes. Idempotent, additive only."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from notify_cli import db
from notify_cli.errors import ConfigError, DatabaseError

_SQL = Path(__file__).parent / "sql"
# Any number that all hosts share: it serialises concurrent init-db runs within their transactions.
_LOCK = 0x6E6F7469
# A live table must not stay locked behind somebody's long transaction.
_LOCK_TIMEOUT = "10s"


def script(views: Path | None = None) -> str:
    """The SQL of init-db, ready for psql. Raises ConfigError when the views file cannot be read."""
    return "\n".join(["create schema if not exists notify;", _views(views), _read("log"), _read("indexes")])


def create(connection: db.Connection, views: Path | None = None) -> None:
    """Create or upgrade everything notify needs. Two hosts may do it at once.

    Raises ConfigError when a table that the views need is missing, DatabaseError for all else.
    """
    views_sql = _views(views)
    try:
        with connection.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
            connection.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
            connection.execute("create schema if not exists notify")
            connection.execute(views_sql.encode())
            connection.execute(_read("log").encode())
    except psycopg.errors.LockNotAvailable as error:
        raise DatabaseError(
            "a table is locked by somebody's long transaction: run notify init-db again later"
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        where = str(views) if views else "the platform's tables"
        raise ConfigError(
            f"the views do not fit {where}: {error.diag.message_primary}; "
            "is this the platform's database? For other table names give your own views: init-db --views FILE"
        ) from error
    except psycopg.errors.InvalidTableDefinition as error:
        raise ConfigError(f"the views cannot be changed in place: {error.diag.message_primary}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigError(f"the database role may not do this: {error.diag.message_primary}") from error
    except psycopg.errors.SyntaxError as error:
        raise ConfigError(f"{views or 'views.sql'}: {error.diag.message_primary}") from error
    except psycopg.Error as error:
        raise DatabaseError(f"init-db failed: {error.diag.message_primary or type(error).__name__}") from error
    _index(connection)


def _index(connection: db.Connection) -> None:
    """Build each missing index without blocking writers; one that a broken build left behind is built again."""
    for statement in _statements(_read("indexes")):
        name = re.search(r"not exists (\w+)", statement)
        if name is None:
            raise AssertionError(statement)
        for attempt in range(5):
            try:
                if _is_broken(connection, name.group(1)):
                    connection.execute(f"drop index concurrently if exists {name.group(1)}".encode())
                connection.execute(statement.encode())
                break
            except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
                # another host is building the same one
                if attempt == 4:
                    raise DatabaseError(f"index {name.group(1)} could not be built: run notify init-db again") from None
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.WrongObjectType):
                break  # a platform with its own views has its own tables, and indexes
            except psycopg.errors.InsufficientPrivilege:
                break  # not the owner of the platform's table: the index is a matter of speed, not of truth
            except psycopg.Error as error:
                raise DatabaseError(f"index {name.group(1)}: {error.diag.message_primary}") from error


def _is_broken(connection: db.Connection, index: str) -> bool:
    """Invalid and not being built right now."""
    sql = """
        select exists (
            select from pg_index i
            where i.indexrelid = to_regclass(%(index)s) and not i.indisvalid
                and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
        ) as broken
    """
    return bool(db.rows(connection, sql, {"index": index})[0].broken)


def _statements(sql: str) -> list[str]:
    without_comments = re.sub(r"--.*", "", sql)
    return [statement.strip() for statement in without_comments.split(";") if statement.strip()]


def _views(path: Path | None) -> str:
    if path is None:
        return _read("views")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--views {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}") from error


def _read(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
