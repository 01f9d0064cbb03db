"""What the log says of a time: what did not go well in it, and what was sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notify_cli import db, keys, sql
from notify_cli.registry import TYPES

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Period:
    """What was due from so long ago until now; `tolerance` is how much later than due is no fault."""

    since: timedelta
    tolerance: timedelta
    rehearsal: bool = False
    now: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """Those of the statements."""
        mark = keys.mark(self.rehearsal)
        return {"now": self.now, "since": self.since, "tolerance": self.tolerance, "mark": mark}


def gone_wrong(connection: db.Connection, within: Period) -> list[Any]:
    """The rows due in this period that failed, passed, or went out later than is tolerated.

    Each has the columns of period.sql. Raises DatabaseError.
    """
    return db.rows(connection, _SQL("period"), within.parameters())


def unwarranted(connection: db.Connection, within: Period) -> list[Any]:
    """What was delivered, of that due in this period, though its reader was not to get it; each with a reason.

    Raises DatabaseError.
    """
    outliving = [one.name for one in TYPES.values() if one.outlives_group]
    params = within.parameters() | {"outliving": outliving}
    return db.rows(connection, _SQL("unwarranted"), params)


def figures(connection: db.Connection, within: Period) -> list[Any]:
    """What became of the deliveries of this period, a row for each method, see figures.sql. Raises DatabaseError."""
    return db.rows(connection, _SQL("figures"), within.parameters())


def sent(
    connection: db.Connection, methods: Collection[str], due_since: datetime, *, rehearsal: bool = False
) -> list[Any]:
    """What went out by these methods, of what was due since a time: (notification_key, due_at, sent_at), as it went.

    Raises DatabaseError.
    """
    params = {"methods": list(methods), "due_since": due_since, "mark": keys.mark(rehearsal)}
    return db.rows(connection, _SQL("sent"), params)
