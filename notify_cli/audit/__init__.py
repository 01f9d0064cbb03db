"""Who should have been told and was not, or late: what the log says of a time, and what passed since the last sweep.

Sweeps put down what passed untried, each as of its due time; what has passed since the last of them is found in the
same way. What nobody can know of the past is not guessed: when somebody switched messages off, lost an address or was
deleted, when a group ended, a meeting was moved or a course file changed. There the tables as they are now decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from notify_cli import db, due, keys, sql
from notify_cli.audit import pace, reasons
from notify_cli.audit.reasons import TOLERANCE
from notify_cli.delivery import Delivery
from notify_cli.due import Policy
from notify_cli.log import periods
from notify_cli.registry import CANCEL, UPDATE, Method
from notify_cli.sending.lapse import LONGEST, Lapse

_SQL = sql.Folder(__file__)

FindingKind = Literal["never_tried", "late", "failed", "should_not_have"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A delivery that did not go as it should have. `reason` is a sentence where it is known; times are in UTC.

    `expired` tells that it came to nothing because its time passed, tried or not.
    """

    notification_key: str
    job_id: str
    reminder_type: str
    method: Method
    user_id: int | None
    group_id: int | None
    due_at: datetime
    useful_until: datetime
    finding: FindingKind
    reason: str | None = None
    expired: bool = False

    @property
    def recipient(self) -> str:
        """`user_12` or `group_7`."""
        return keys.recipient(self.user_id, self.group_id)


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found, by time. `unjudged` went out later than due, and nobody can know that they were late.

    `faults` are those of course files and timing, a line each.
    """

    findings: list[Finding]
    unjudged: int = 0
    faults: tuple[str, ...] = ()
    now: datetime = field(kw_only=True)


def examine(
    connection: db.Connection, policy: Policy, *, since: timedelta, dm_interval: float, now: datetime | None = None
) -> Audit:
    """What was due in the time since so long ago and did not go as it should have.

    `dm_interval` are the seconds between two direct messages. Raises DatabaseError, ConfigError.
    """
    [clock] = db.rows(connection, _SQL("swept"), {"now": now})
    within = periods.Period(since, TOLERANCE, rehearsal=policy.rehearsal, now=now)
    rows = periods.gone_wrong(connection, within)
    turns = pace.Turns.of(connection, rows, policy, dm_interval, clock.now)
    gaps = reasons.gaps(rows)
    findings: list[Finding] = []
    unjudged = 0
    for row in rows:
        found = _of_row(row, gaps, turns, clock.now)
        findings += [found] if found else []
        unjudged += found is None and row.status == "delivered" and not turns.explain(row)
    findings += [_finding(row, "should_not_have", row.reason) for row in periods.unwarranted(connection, within)]
    findings += unswept(connection, policy, Lapse(clock.last_swept_at, clock.now), since, now=now)
    findings.sort(key=lambda one: (one.due_at, one.notification_key))
    return Audit(findings, unjudged, (*policy.timing().faults, *policy.faults()), now=clock.now)


def unswept(
    connection: db.Connection, policy: Policy, lapse: Lapse, since: timedelta, *, now: datetime | None
) -> Iterator[Finding]:
    """What was to go out since the last sweep, or since so long ago where there was none, and was tried by nobody."""
    begin = max(lapse.swept_at or lapse.now - since, lapse.now - since)
    if lapse.now - begin <= LONGEST:
        return
    window = due.Window(now, since=lapse.now - begin)
    found = due.find(
        connection,
        window,
        policy,
        verdicts=["expired", "will_send"],
        free_only=False,
        looked=due.Look(),
        judged_from=begin,
    )
    reason = reasons.nobody_swept(lapse.swept_at, lapse.now)
    for one in found:
        delivery, expired = one.delivery, one.verdict == "expired"
        if one.attempts is not None or delivery.reminder_type in (UPDATE, CANCEL):
            continue
        if delivery.due_at > lapse.now - TOLERANCE or delivery.due_at <= lapse.now - since:
            continue
        yield _of_delivery(delivery, reason, expired=expired)


def _of_row(row: Any, gaps: reasons.Gaps, turns: pace.Turns, now: datetime) -> Finding | None:
    """What a row of the log comes to; None where nothing is known to be wrong."""
    if row.status == "delivered":
        if turns.explain(row):
            return None
        reason = reasons.late(row, gaps)
        return _finding(row, "late", reason) if reason else None
    if row.status in ("failed", "bounced") or row.attempts > 0:
        return _finding(row, "failed", row.error, expired=row.status in ("expired", "pending"))
    reason = reasons.passed(row) or (pace.NO_TURN if turns.explain(row) else None)
    return _finding(row, "never_tried", reason, expired=True)


def _finding(row: Any, kind: FindingKind, reason: str | None, *, expired: bool = False) -> Finding:
    method = Method(row.method)
    return Finding(
        row.notification_key, row.job_id, row.reminder_type, method, row.user_id, row.group_id,
        row.due_at, row.useful_until, kind, reason, expired,
    )  # fmt: skip


def _of_delivery(one: Delivery, reason: str, *, expired: bool) -> Finding:
    return Finding(
        one.notification_key, one.job_id, one.reminder_type, one.method, one.user_id, one.group_id,
        one.due_at, one.useful_until, "never_tried", reason, expired,
    )  # fmt: skip
