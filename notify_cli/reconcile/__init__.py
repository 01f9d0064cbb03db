"""What became of emails after the provider had taken them: read from its records, written into the log.

Its lists suppress addresses; those we hold too, so that nothing goes out which would only be dropped. An address that
is gone from the list is free again. A mail that bounced after it was accepted is `bounced` in the log. Where no answer
came to a request, the provider's own logs tell whether the mail went out, so that no retry sends it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from notify_cli import addresses, db, sql
from notify_cli.channels.email_logs import EmailLogs
from notify_cli.channels.suppressions import BLOCKS, SUPPRESSING, UNDELIVERED, Suppressed, Suppressions
from notify_cli.config import Settings
from notify_cli.log import reports
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
    """Read every list's new entries, ask for each address that we hold, and for each email whose outcome is unknown.

    Raises DeliveryError as the provider answers, DatabaseError. What was read of a list before an error is kept; the
    next run reads that list again.
    """
    done = Reconciled()
    lists, logs = Suppressions(settings), EmailLogs(settings)
    try:
        _read_lists(connection, lists, done)
        _close_unknown(connection, logs, done)
    finally:
        lists.close()
        logs.close()
    return done


def _read_lists(connection: db.Connection, lists: Suppressions, done: Reconciled) -> None:
    read_until = {row.list: row.read_until for row in db.rows(connection, _SQL("read_until"))}
    # An address is held in each of its spellings, asked for in the first and lifted in all.
    held = {(row.reason, addresses.spellings(row.email)[0]) for row in db.rows(connection, _SQL("held"))}
    for listed in (*SUPPRESSING, BLOCKS):
        began = db.rows(connection, "select now() as now")[0].now
        for entry in lists.since(listed, read_until.get(listed, _BEGINNING)):
            _take(connection, entry, done)
        db.execute(connection, _SQL("read"), {"list": listed, "read_until": began})
    for listed, email in sorted(held):
        if listed in SUPPRESSING and not lists.stands(listed, email):
            params = {"emails": addresses.spellings(email), "reason": listed}
            done.lifted += bool(db.execute(connection, _SQL("lift"), params))


def _take(connection: db.Connection, entry: Suppressed, done: Reconciled) -> None:
    emails = addresses.spellings(entry.email)
    if entry.listed in SUPPRESSING:
        params = {"emails": emails, "reason": entry.listed, "at": entry.created_at}
        done.suppressed += bool(db.execute(connection, _SQL("suppress"), params))
    if entry.listed in UNDELIVERED:
        words = entry.reason or SUPPRESSING.get(entry.listed, "blocked by the receiving server")
        done.closed += reports.bounced(connection, people.by_address(connection, emails), entry.created_at, words)


def _close_unknown(connection: db.Connection, logs: EmailLogs, done: Reconciled) -> None:
    doubts = reports.in_doubt(connection)
    readers = people.by_id(connection, (doubt.user_id for doubt in doubts))
    for doubt in doubts:
        email = readers[doubt.user_id].email if doubt.user_id in readers else None
        taken = logs.find(addresses.spellings(email)[0], doubt.reminder_id, doubt.since) if email else None
        if email and taken is not None:
            done.closed += reports.settle(
                connection,
                doubt,
                email,
                provider_message_id=taken.provider_message_id,
                sent_at=taken.at,
                came_back=taken.came_back,
            )
