"""What became of emails after the provider had taken them: read from its lists, written into the log.

Its lists suppress addresses; those we hold too, so that nothing goes out which would only be dropped. An address that
is gone from the list is free again. A mail that bounced after it was accepted is `bounced` in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from notify_cli import db, sql
from notify_cli.channels.suppressions import BLOCKS, SUPPRESSING, UNDELIVERED, Suppressed, Suppressions
from notify_cli.config import Settings
from notify_cli.platform import people

_SQL = sql.Folder(__file__)
_BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)  # before SendGrid had lists


@dataclass(slots=True)
class Reconciled:
    """How many addresses are suppressed now and were not, or the other way round; how many rows got an outcome."""

    suppressed: int = 0
    lifted: int = 0
    closed: int = 0


def reconcile(connection: db.Connection, settings: Settings) -> Reconciled:
    """Read every list's new entries, and ask for each address that we hold whether it still stands in its list.

    Raises DeliveryError as the provider answers, DatabaseError. What was read of a list before an error is kept; the
    next run reads that list again.
    """
    done = Reconciled()
    lists = Suppressions(settings)
    try:
        read_until = {row.list: row.read_until for row in db.rows(connection, _SQL("read_until"))}
        held = db.rows(connection, _SQL("held"))
        for listed in (*SUPPRESSING, BLOCKS):
            began = db.rows(connection, "select now() as now")[0].now
            for entry in lists.since(listed, read_until.get(listed, _BEGINNING)):
                _take(connection, entry, done)
            db.execute(connection, _SQL("read"), {"list": listed, "read_until": began})
        for row in held:
            if row.reason in SUPPRESSING and not lists.stands(row.reason, row.email):
                done.lifted += db.execute(connection, _SQL("lift"), {"email": row.email, "reason": row.reason})
    finally:
        lists.close()
    return done


def _take(connection: db.Connection, entry: Suppressed, done: Reconciled) -> None:
    params = {"email": entry.email, "reason": entry.listed, "at": entry.created_at}
    if entry.listed in SUPPRESSING:
        done.suppressed += db.execute(connection, _SQL("suppress"), params)
    if entry.listed in UNDELIVERED:
        words = entry.reason or SUPPRESSING.get(entry.listed, "blocked by the receiving server")
        told = {"user_ids": people.by_address(connection, entry.email), "at": entry.created_at, "words": words}
        done.closed += db.execute(connection, _SQL("bounced"), told)
