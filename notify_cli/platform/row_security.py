"""Row-level security on the tables behind the views: who reads through a view sees what its owner may see."""

from __future__ import annotations

from dataclasses import dataclass

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A table whose row-level security applies; without any policy for the reader it `hides_all`.

    `view` reads it with the rights of the role `reader`, who owns the view; None for the log, which we read ourselves.
    """

    table: str
    reader: str
    view: str | None
    hides_all: bool

    @property
    def words(self) -> str:
        """The table and the cause."""
        what = "every row" if self.hides_all else "what its policies do not show"
        whose = f"{self.reader}, who owns {self.view}" if self.view else self.reader
        return f"the row-level security of {self.table} hides {what} from {whose}"

    @property
    def mend(self) -> str:
        """What to do about it."""
        return f"give {self.reader} a policy on {self.table} that shows what notify needs, or bypassrls"


def applies(connection: db.Connection) -> list[Hidden]:
    """Each table behind the views, and the log, whose row-level security applies to us. Raises DatabaseError."""
    return [Hidden(row.table, row.reader, row.view, row.hides_all) for row in db.rows(connection, _SQL("row_security"))]


def hides_all_people(connection: db.Connection) -> Hidden | None:
    """What keeps everybody from being seen, if something does: an account that is not seen need not have been deleted.

    Raises DatabaseError.
    """
    found = applies(connection)
    return next((hidden for hidden in found if hidden.hides_all and (hidden.view or "").endswith(".people")), None)
