"""How it stands: when somebody swept last, what waits, what the last day brought."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notify_cli import db, due, sql
from notify_cli.audit.pace import STRETCH
from notify_cli.due import Policy
from notify_cli.log import periods
from notify_cli.platform import lookups, people
from notify_cli.registry import Method

_SQL = sql.Folder(__file__)
DAY = timedelta(days=1)
# So long something may wait for the next sweep, and not be overdue.
PROMPT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Overdue:
    """What waits for longer than it should: how many, and since when the first of them was due, in UTC."""

    count: int = 0
    oldest_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from due to sent, of the last day; None where nothing was sent."""

    p50: float | None = None
    p95: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The figures of `notify status`. Times are in UTC.

    `hosts` are when each host has swept last. `waiting_dms` are those that are due, `dms_done_at` when the last of them
    has had its turn, if nothing else comes. `delivered`, `failed` and `expired` are counts of the last day, by method.
    """

    now: datetime
    hosts: Mapping[str, datetime]
    overdue: Mapping[Method, Overdue]
    delivered: Mapping[Method, int]
    failed: Mapping[Method, int]
    expired: Mapping[Method, int]
    latency: Latency
    waiting_dms: int
    dms_done_at: datetime | None
    suppressed: int
    faults: tuple[str, ...] = ()

    @property
    def last(self) -> tuple[str, datetime] | None:
        """The host that swept last, and when."""
        return max(self.hosts.items(), key=lambda one: one[1]) if self.hosts else None


def read(
    connection: db.Connection,
    policy: Policy,
    *,
    dm_interval: float,
    stops: Callable[[str], bool] = lambda channel: False,
    now: datetime | None = None,
) -> Status:
    """Everything at this moment; `dm_interval` are the seconds between two direct messages.

    `stops` tells whether a channel is to send nothing. Raises DatabaseError, ConfigError.
    """
    clock = lookups.clock(connection, now)
    hosts = {row.host: row.last_swept_at for row in db.rows(connection, _SQL("sweeps"))}
    found = due.find(connection, due.Window(now), policy, free_only=False)
    waiting = [one.delivery for one in found if not stops(one.delivery.method.way.channel)]
    rows = periods.figures(connection, periods.Period(DAY, PROMPT, rehearsal=policy.rehearsal, now=now))
    by_method = {Method(row.method): row for row in rows if row.method in set(Method)}
    overdue: dict[Method, Overdue] = {}
    for method in Method:
        dues = [one.due_at for one in waiting if one.method is method and one.due_at < clock - PROMPT]
        overdue[method] = Overdue(len(dues), min(dues, default=None))
    dms = sum(one.method.way.pace is not None and not one.method.way.post for one in waiting)

    def counts(name: str) -> dict[Method, int]:
        return {method: getattr(by_method[method], name) if method in by_method else 0 for method in Method}

    return Status(
        clock,
        hosts,
        overdue,
        counts("delivered"),
        counts("failed"),
        counts("expired"),
        _latency([seconds for row in rows for seconds in row.seconds or ()]),
        dms,
        clock + timedelta(seconds=dms * dm_interval * STRETCH) if dms else None,
        people.unreached(connection).suppressed,
        (*policy.timing().faults, *found.faults),
    )


def _latency(seconds: Sequence[Any]) -> Latency:
    ordered = sorted(max(0.0, float(one)) for one in seconds)
    if not ordered:
        return Latency()
    # the nearest rank: a value that was measured
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95)]
    return Latency(round(at[0], 1), round(at[1], 1), round(ordered[-1], 1))
