"""Where the log is. Statements write `:"log".reminders_log`, and mean the same table for every role and search_path.

That is how psql writes an identifier that is in a variable, so a statement can be tried there after
`\\set log public`. `:"log".delivery_method` and `:"log".delivery_status` are the types of these two columns of the log,
in whatever schema. `:"attendance"` and `:"preferences"` are the views of these names in the schema notify that a
platform may give: where it does not, a relation without rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import tuple_row

from notify_cli import sql
from notify_cli.errors import ConfigError, Line

_SQL = sql.Folder(__file__)
_MARK = ':"log"'
_TYPES = ("delivery_method", "delivery_status")
# A file for each optional view, with what stands in for it where there is none.
_ABSENT = sql.Folder(__file__, "absent")


@dataclass(frozen=True, slots=True)
class Place:
    """The schema of the log and its types, quoted as identifiers, and which optional views there are."""

    schema: str
    types: tuple[str, ...]
    optional: frozenset[str] = frozenset()

    def named(self, statement: str) -> str:
        """The statement, for psycopg, with these names in it."""
        for name, actual in zip(_TYPES, self.types, strict=True):
            statement = statement.replace(f"{_MARK}.{name}", actual.replace("%", "%%"))
        for view, absent in _absent().items():
            statement = statement.replace(f':"{view}"', f"notify.{view}" if view in self.optional else absent)
        return statement.replace(_MARK, self.schema.replace("%", "%%"))


@cache
def _absent() -> dict[str, str]:
    """What stands in for each optional view: read once, since a run goes on when the files are replaced meanwhile."""
    return {view: f"({_ABSENT(view)})" for view in _ABSENT.names()}


# What was found, for as long as a connection lives: a caller's own connection has no other place for it.
_FOUND: WeakKeyDictionary[psycopg.Connection[Any], Place] = WeakKeyDictionary()


def find(connection: psycopg.Connection[Any]) -> Place:
    """Where the log is, asked of the catalog once per connection.

    Raises ConfigError when there is none, or more than one table that may be it, and psycopg's own errors.
    """
    found = _FOUND.get(connection)
    if found is None:
        with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
            rows = cursor.execute(_SQL("surroundings"), {"views": list(_absent())}, prepare=False).fetchall()
        if not rows:
            raise ConfigError(Line.of("the database has no table reminders_log", "run notify init-db"))
        if len(rows) > 1:
            raise ConfigError(Line.of(*several([f"{schema}.reminders_log" for schema, *_ in rows])))
        _, schema, *types, optional = rows[0]
        names = tuple(name or "pg_catalog.text" for name in types)
        found = _FOUND[connection] = Place(schema, names, frozenset(optional))
    return found


def several(tables: Sequence[str]) -> tuple[str, str]:
    """That each of these tables may be the log, and what to do about it."""
    return f"{' and '.join(tables)} may each be the log", "rename the one that is not (alter table ... rename to ...)"


def forget(connection: psycopg.Connection[Any]) -> None:
    """Ask again with the next statement: the log may have been made or moved."""
    _FOUND.pop(connection, None)


@contextmanager
def named(connection: psycopg.Connection[Any], statement: str) -> Iterator[str]:
    """The statement with the log's real names, to be run within this context: a log that has moved is looked for again.

    Raises ConfigError as `find` does.
    """
    if ':"' not in statement:
        yield statement
        return
    try:
        yield find(connection).named(statement)
    except psycopg.errors.UndefinedTable:
        forget(connection)
        raise
