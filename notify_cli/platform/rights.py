"""Which rights a role needs in the database, and which it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Right:
    """What must be allowed on a schema, table or sequence, and what of it is missing. `object` is `table public.x`."""

    object: str
    rights: Sequence[str]
    missing: Sequence[str]

    @property
    def is_log(self) -> bool:
        """Whether it is the right on the log's main table."""
        return self.object.endswith(".reminders_log")


def needed(connection: db.Connection, role: str) -> list[Right]:
    """What a role needs for every command but init-db and uninstall; nothing is `missing` of one that does not exist.

    Raises DatabaseError.
    """
    return [Right(row.object, row.rights, row.missing) for row in db.rows(connection, _SQL("rights"), {"role": role})]


def grant(rights: Sequence[str], on: str, role: str) -> str:
    """The statement that gives a role some rights on an object; `role` is its name, unquoted."""
    quoted = '"{}"'.format(role.replace('"', '""'))
    return f"grant {', '.join(rights)} on {on} to {quoted};"
