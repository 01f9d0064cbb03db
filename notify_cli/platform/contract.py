"""What notify relies on in the database, see contract.sql: checked by name and by type wherever it matters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from notify_cli import db, sql
from notify_cli.delivery import Status
from notify_cli.errors import ConfigError
from notify_cli.registry import TYPES, Method

_SQL = sql.Folder(__file__)

STATUSES = get_args(Status)
INIT_DB = "run notify init-db"
AWAY = "the views are away (init-db --drop-views)"
# By the comment that init-db puts on a view, a later one knows that it may be replaced.
SHIPPED = "shipped with notify"

CONSTANTS = {
    "methods": f"{{{','.join(Method)}}}",
    "statuses": f"{{{','.join(STATUSES)}}}",
    "types": f"{{{','.join(TYPES)}}}",
    "mark": SHIPPED,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a view or with a table of the log, in `words`.

    It is missing, lacks a column or several, a column has another type, its enum lacks a value, or it may not be null
    and must be, or it is partitioned. `what` are the names of these columns or values, or what is wrong with the type.
    """

    relation: str
    kind: Literal["missing", "column", "type", "value", "null", "partitioned"]
    what: str | None
    words: str

    @property
    def is_view(self) -> bool:
        """Whether it is about a view, and not the log."""
        return "reminder" not in self.relation

    @property
    def mend(self) -> str:
        """What to do about it."""
        if self.kind == "type" and self.is_view:
            return "give views that cast it to that type: notify init-db --views FILE"
        if self.kind == "type":
            return "change the column, or give it another name"
        if self.kind == "partitioned":
            return "make it one table"
        return "run notify init-db; with views of your own: notify init-db --views FILE" if self.is_view else INIT_DB


def faults(connection: db.Connection) -> list[Fault]:
    """What is missing in the database, or of another type than wanted, all at once. Raises DatabaseError, ConfigError.

    In words: `notify.meetings.starts_at is timestamp without time zone, wanted timestamp with time zone`.
    """
    statement = sql.with_constants(_SQL("contract_faults"), CONSTANTS)
    return [Fault(row.name, row.kind, row.what, row.fault) for row in db.rows(connection, statement)]


def require(connection: db.Connection) -> None:
    """For a run that is about to send something. Raises ConfigError with all faults, DatabaseError."""
    found = faults(connection)
    if any(fault.kind == "missing" for fault in found) and (since := away_since(connection)):
        raise ConfigError(
            f"{AWAY} since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {INIT_DB} when its migration is done"
        )
    if found:
        raise ConfigError(*(f"{fault.words}: {fault.mend}" for fault in found))


def away_since(connection: db.Connection) -> datetime | None:
    """Since when the views are away for a migration of the platform; None if they are not. Raises DatabaseError."""
    try:
        return next((row.saved_at for row in db.rows(connection, _SQL("views_away"))), None)
    except ConfigError:  # a database that has never seen this release, or a role that may not look
        return None


@contextmanager
def blamed(connection: db.Connection) -> Iterator[None]:
    """What fails within it because the database does not fit is told as that: ConfigError with all faults."""
    try:
        yield
    except (db.RefusedError, ConfigError) as error:
        if error.__cause__ is not None:  # it is the server that said no
            require(connection)
        raise
