"""The checks of what sweeps made of the messages: nothing waits for long, by any method, and what is tried arrives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from notify_cli import db, due, keys, sql, times
from notify_cli.check import Check, fault, fine, remark
from notify_cli.due import Policy
from notify_cli.registry import Method

_SQL = sql.Folder(__file__)
# So long a sweep may take to get to a message before it is worth an alarm.
_OVERDUE = timedelta(minutes=15)
_A_FEW = 5  # failures that are still the recipients' own
_CRON = "let cron run notify sweep-due every minute (crontab.example), and look at what it mails"
# After a restore, and on a clone, what was sent is due again.
_CRON_OR_BASELINE = f"{_CRON}; after a restore or on a copy of the database: notify baseline first"
_MEND_PROVIDER = "mend that first: what is still useful then goes out by itself"


def overdue(connection: db.Connection, policy: Policy, stops: Callable[[str], bool]) -> Iterator[Check]:
    """Whether anything waits that a sweep should have sent long ago, for each method by itself.

    One that delivers does not hide another that is dead. `stops`: whether a channel is to send nothing. Raises
    DatabaseError, ConfigError.
    """
    now = datetime.now(UTC)
    rows = _deliveries(connection, policy)
    stuck = sum(row.stuck for row in rows.values())
    last = _last(rows.values())
    if stuck and (last is None or last < now - _OVERDUE):
        told = f"{_count(stuck, 'row')} past all use, no sweep has closed them; {_sent(last, now)}"
        yield fault("sweeps", told, _CRON)
        return
    dead = _dead(connection, policy, rows, now, stops)
    for words, waiting in dead.items():
        methods = sorted(waiting)
        since = times.local(min(at for dues in waiting.values() for at in dues), now)
        told = f"{_count(sum(map(len, waiting.values())), 'message')} due since {since} at the earliest"
        told += f", by {' and '.join(method.way.label for method in methods)}"
        told += f"; {_sent(_last([rows[method] for method in methods if method in rows]), now)}"
        if words:
            yield fault("sweeps", f"{told}; the last answer: {words}", _MEND_PROVIDER)
        else:
            yield fault("sweeps", told, _CRON_OR_BASELINE)
    if not dead:
        yield fine("sweeps", f"nothing is overdue; {_sent(last, now)}")


def arrived(connection: db.Connection, policy: Policy) -> Iterator[Check]:
    """Whether what was tried in the last day also arrived. Raises DatabaseError."""
    failing = [row for row in _deliveries(connection, policy).values() if row.failed]
    for row in failing:
        told = f"{row.method}: {row.failed} failed and {row.delivered} delivered in the last day"
        alarming = row.failed >= _A_FEW and not row.delivered
        look = "notify log --status failed --since 1d says why"
        yield (fault if alarming else remark)("deliveries", told, look)
    if not failing:
        yield fine("deliveries", "none failed in the last day")


def rehearsed(connection: db.Connection) -> Iterator[Check]:
    """How many rows of the log are rehearsals'. Raises DatabaseError."""
    count = db.rows(connection, _SQL("rehearsed"))[0].count
    if count:
        told = f"the log has {count} {'row' if count == 1 else 'rows'} of rehearsals, which used nothing up"
        yield fine("rehearsal", told)


def _dead(
    connection: db.Connection, policy: Policy, rows: dict[Method, Any], now: datetime, stops: Callable[[str], bool]
) -> dict[str | None, dict[Method, list[datetime]]]:
    """When what waits was due, by method, where nothing went out of late; those with the same last words together."""
    waiting: dict[Method, list[datetime]] = defaultdict(list)
    for candidate in due.find(connection, due.Window(), policy, free_only=False):
        delivery = candidate.delivery
        if delivery.due_at < now - _OVERDUE and not stops(delivery.method.way.channel):
            waiting[delivery.method].append(delivery.due_at)
    dead: dict[str | None, dict[Method, list[datetime]]] = defaultdict(dict)
    for method, dues in waiting.items():
        row = rows.get(method)
        if row is None or row.last_sent_at is None or row.last_sent_at < now - _OVERDUE:
            dead[row.last_words if row else None][method] = dues
    return dead


def _deliveries(connection: db.Connection, policy: Policy) -> dict[Method, Any]:
    found = db.rows(connection, _SQL("deliveries"), {"mark": keys.mark(policy.rehearsal)})
    # A value of delivery_method may be of a channel that is no more.
    return {Method(row.method): row for row in found if row.method in set(Method)}


def _last(rows: Iterable[Any]) -> datetime | None:
    return max((row.last_sent_at for row in rows if row.last_sent_at), default=None)


def _sent(last: datetime | None, now: datetime) -> str:
    return f"the last delivery was on {times.local(last, now)}" if last else "nothing has been sent so far"


def _count(count: int, what: str) -> str:
    return f"1 {what} is" if count == 1 else f"{count} {what}s are"
