"""The indexes on the log and on the platform's tables: made and removed one by one, so that nobody's writing waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from notify_cli import db, sql
from notify_cli.errors import DatabaseError

_SQL = sql.Folder(__file__)
_ATTEMPTS = 5  # at an index that another host may be building too


def find(connection: db.Connection) -> list[Any]:
    """The indexes that this database can have, made or not, see indexes.sql. Raises DatabaseError."""
    return db.rows(connection, _SQL("indexes"))


def build(connection: db.Connection, before_each: Callable[[], None]) -> None:
    """Build each missing index without blocking writers; one that a broken build left behind is built again.

    `before_each` is called before every attempt. Raises DatabaseError.
    """
    for name in [index.name for index in find(connection) if index.makeable and not index.ready]:
        for attempt in range(_ATTEMPTS):
            before_each()
            index = next((one for one in find(connection) if one.name == name), None)
            if index is None or index.ready:
                break
            try:
                if index.broken:
                    connection.execute(index.remove.encode())
                connection.execute(index.make.encode())
                break
            except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
                # another host is building the same one
                if attempt == _ATTEMPTS - 1:
                    raise DatabaseError(f"index {name} could not be built: run notify init-db again") from None
            except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
                break  # its table has gone since, or is not ours: an index is a matter of speed, not of truth
            except psycopg.Error as error:
                raise DatabaseError(f"index {name}: {error.diag.message_primary}") from error
