"""Messages whose time passed before any run tried them: found by the sweep that comes next, and put down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from notify_cli import db, due, log
from notify_cli.errors import EXIT_TEMPORARY
from notify_cli.registry import CANCEL, UPDATE
from notify_cli.sending.lapse import Lapse

if TYPE_CHECKING:
    from notify_cli.due import Policy
    from notify_cli.sending.summary import Summary

# What is looked at of a lapse at most: its last so many days.
FARTHEST = timedelta(days=31)
# What calendars should show stays due as long as they do not.
_STATE = (UPDATE, CANCEL)


def passed(
    connection: db.Connection, policy: Policy, lapse: Lapse, found: Iterable[due.Candidate], *, now: datetime | None
) -> list[due.Candidate]:
    """What was to go out in this time, and was tried by nobody; with those of which the log has a row that waits.

    `found` is what the sweep's own look has seen of it; after a gap it is looked for as of the time when each was due.
    Raises DatabaseError, ConfigError.
    """
    expired = [one for one in found if one.verdict == "expired"]
    if lapse.is_gap and lapse.swept_at is not None:
        expired = between(connection, policy, Lapse(max(lapse.swept_at, lapse.now - FARTHEST), lapse.now), now=now)
    return [one for one in expired if not one.attempts and one.delivery.reminder_type not in _STATE]


def between(connection: db.Connection, policy: Policy, lapse: Lapse, *, now: datetime | None) -> list[due.Candidate]:
    """The messages whose time passed in a lapse, each as of its due time, tried or not.

    Raises DatabaseError, ConfigError.
    """
    window = due.Window(now, since=lapse.length)
    return due.find(
        connection, window, policy, verdicts=["expired"], free_only=False, looked=due.Look(), judged_from=lapse.swept_at
    )


def close(
    connection: db.Connection, missed: Sequence[due.Candidate], lapse: Lapse, summary: Summary, *, now: datetime | None
) -> None:
    """Put down what passed and that this host has swept, and say how many messages it was and for when.

    Raises DatabaseError.
    """
    swept = log.Swept(os.uname().nodename, lapse.now)
    unknown = [one.delivery for one in missed if one.attempts is None]
    waiting = [one.delivery for one in missed if one.attempts is not None]
    if unknown:
        with db.errors(), connection.transaction():
            written = set(log.miss(connection, unknown, context=lapse.context))
            closed = log.close(connection, swept=swept, now=now)
    else:
        written, closed = set[str](), log.close(connection, swept=swept, now=now)
    dues = [one.due_at for one in unknown if one.notification_key in written]
    # another host may have closed them, and said so
    dues += [one.due_at for one in waiting][: closed.untried]
    if dues:
        summary.blame(EXIT_TEMPORARY, _told(len(dues), min(dues), max(dues), lapse))


def _told(count: int, first: datetime, last: datetime, lapse: Lapse) -> str:
    from notify_cli import times

    many = f"{count} messages were not sent while they were useful"
    if count == 1:
        many = "1 message was not sent while it was useful"
    when = times.local(first, lapse.now)
    until = times.local(last, lapse.now)
    told = f"{many}, due {when}" + (f" to {until}" if until != when else "")
    if lapse.is_gap and lapse.swept_at is not None:
        told += f"; nobody swept from {times.local(lapse.swept_at, lapse.now)} to {times.local(lapse.now, lapse.now)}"
    return f"{told}: notify audit names them, notify audit --mend sends what still helps"
