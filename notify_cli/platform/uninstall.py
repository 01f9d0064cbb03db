"""The opposite of init-db: all that is ours is removed, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from notify_cli import db, log_schema, sql
from notify_cli.platform import indexes, schema

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Installed:
    """What there is of ours: the `log`, which is ours or the platform's, and how many `rows` of it we wrote.

    `lasting` is what PostgreSQL, or ignorance of what was before, does not let us take back.
    """

    log: str
    rows: int
    lasting: tuple[str, ...]


def find(connection: db.Connection) -> Installed | None:
    """What there is of ours in the database; None where there is nothing. Raises ConfigError, DatabaseError."""
    found = db.rows(connection, _SQL("installed"))
    if not found:
        return None
    rows = db.rows(connection, _SQL("installed_rows"))[0].count
    lasting = []
    if not found[0].is_ours:
        if found[0].enum:
            lasting.append(f"the values cancelled, expired and bounced of the type {found[0].enum}")
        lasting.append(f"that sent_at and delivery_method of {found[0].log} may be null")
    return Installed(found[0].log, rows, tuple(lasting))


def remove(connection: db.Connection) -> None:
    """Remove all of it. Raises ConfigError when somebody else's views or tables use it, DatabaseError for all else."""
    try:
        with schema.errors():
            made = [index.remove for index in indexes.find(connection) if index.present]
            with connection.transaction():
                connection.execute(schema.lock().encode())
                connection.execute(_SQL.script("uninstall").encode())
            # Only now: had somebody's view stopped the removal, sweeps would still need them. Those of columns that are
            # gone have gone with them.
            for statement in made:
                connection.execute(statement.encode())
    finally:
        log_schema.forget(connection)
