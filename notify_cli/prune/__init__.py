"""What nothing needs any more is deleted, and what a person is not to be known by any more is erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from notify_cli import db, log, sql
from notify_cli.errors import UsageError
from notify_cli.platform import people

_SQL = sql.Folder(__file__)
# Younger rows are what people and audits look at. What a rule still needs stays whatever its age, see log/prune.sql.
SHORTEST = timedelta(days=31)
_AT_A_TIME = 10_000  # rows: short transactions, that hold up no sweep


@dataclass(frozen=True, slots=True)
class Erased:
    """How many messages lost their words, calendars their addresses, and how many addresses are forgotten."""

    messages: int
    calendars: int
    addresses: int


def older_than(connection: db.Connection, age: timedelta, *, dry_run: bool = False) -> int:
    """Delete the rows of the log that are older and that nothing needs; returns how many there are.

    What stays, however old: what waits; jobs cancelled for a time to come or for good; what went to somebody once (a
    welcome, an assignment, a nudge about a trial lesson) as long as that could come again; what calendars in use were
    told. What calendars hold is in a table of its own, which this leaves alone. Raises UsageError for an age below a
    month, DatabaseError.
    """
    if age < SHORTEST:
        raise UsageError(f"--older-than must be {SHORTEST.days}d or more: what is younger may still be needed")
    if dry_run:
        return log.prune(connection, age, most=None, dry_run=True)
    total = 0
    while count := log.prune(connection, age, most=_AT_A_TIME):
        total += count
    return total


def person(connection: db.Connection, user_id: int, *, dry_run: bool = False) -> Erased:
    """Erase what the messages to somebody said and where they went; that they were sent is kept.

    Of somebody who is still there what waits, the calendars in use, and the suppressions that keep us from writing in
    vain stay. Raises UsageError for somebody of whom there is no trace, DatabaseError.
    """
    with db.errors(), connection.transaction():
        addresses = db.rows(connection, _SQL("erase_addresses"), {"user_id": user_id, "dry": dry_run})[0].count
        calendars = db.rows(connection, _SQL("erase_calendars"), {"user_id": user_id, "dry": dry_run})[0].count
        messages = log.erase(connection, user_id, dry_run=dry_run)
    known = people.by_id(connection, [user_id]) or people.left_traces(connection, user_id)
    if not (messages or calendars or addresses or known or log.knows(connection, user_id)):
        raise UsageError(f"there is no user {user_id}, and no trace of one")
    return Erased(messages, calendars, addresses)
