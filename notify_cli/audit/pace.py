"""What the pace of direct messages explains: the turns that went to others while a message waited for its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notify_cli import db
from notify_cli.audit import reasons
from notify_cli.due import Policy
from notify_cli.log import periods
from notify_cli.registry import Method
from notify_cli.sending.pace import HEADROOM
from notify_cli.sending.run import MAX_RUNTIME

_PACED = tuple(method.value for method in Method if method.way.pace and not method.way.post)
# Why a message was late, or never tried, whose wait the turns of others explain.
NO_TURN = "the pace of direct messages let it have no turn (NOTIFY_DM_INTERVAL)"
# A run of 55 s in each minute, and some room between the turns.
STRETCH = 60 / MAX_RUNTIME * HEADROOM


@dataclass(frozen=True, slots=True)
class Turns:
    """When messages went out by the methods that have a pace; `interval` is that between two of them, in seconds."""

    sent: Sequence[datetime]
    interval: float
    now: datetime

    @classmethod
    def of(
        cls, connection: db.Connection, rows: Sequence[Any], policy: Policy, interval: float, now: datetime
    ) -> Turns:
        """Those while any of these rows waited. Raises DatabaseError."""
        waiting = [row.due_at for row in rows if row.method in _PACED]
        if not waiting:
            return cls((), interval, now)
        # others that were due before them may have had the turns
        earliest = min(waiting) - timedelta(days=7)
        found = periods.sent(connection, _PACED, earliest, rehearsal=policy.rehearsal)
        return cls([row.sent_at for row in found], interval, now)

    def explain(self, row: Any) -> bool:
        """Whether a message waited no longer than its pace, and the messages before it, made it wait."""
        if row.method not in _PACED:
            return False
        until: datetime = row.sent_at or min(row.useful_until, self.now)
        before = bisect_right(self.sent, until) - bisect_left(self.sent, row.due_at)
        waited: timedelta = until - row.due_at
        return waited <= timedelta(seconds=before * self.interval * STRETCH) + reasons.TOLERANCE
