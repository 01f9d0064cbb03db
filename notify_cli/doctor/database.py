"""The checks that look into the database: the server, the views, the log, and what sweeps made of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from notify_cli import db, due, sql, times
from notify_cli.check import Check, fault, fine, remark
from notify_cli.config import Settings
from notify_cli.due.policy import Rules
from notify_cli.errors import NotifyError
from notify_cli.platform import groups, schema

_SQL = sql.Folder(__file__)
_OLDEST = 120000  # server_version_num: enum values within a transaction
_SKEW = timedelta(seconds=30)
# So long a sweep may take to get to a message before it is worth an alarm.
_OVERDUE = timedelta(minutes=15)
_A_FEW = 5  # failures that are still the recipients' own

_LOG = (
    "reminder_id message reminder_type sent_at delivery_method delivery_status delivery_error created_at "
    "job_id notification_key due_at useful_until attempts retry_at claimed_until claim_token provider_message_id "
    "context"
)
_INIT = "run notify init-db"


def server(connection: db.Connection, clock: Callable[[], float] = time.time) -> list[Check]:
    """The server's age and its clock, by which everything is due; `clock` is this host's, in seconds of the epoch.

    Raises DatabaseError.
    """
    before = clock()
    sql = "select clock_timestamp() as now, current_setting('server_version_num')::int as version"
    row = db.rows(connection, sql)[0]
    skew = row.now - datetime.fromtimestamp((before + clock()) / 2, UTC)
    version = f"PostgreSQL {row.version // 10000}.{row.version % 10000}"
    found = [fine("database", f"{version} answers")]
    if row.version < _OLDEST:
        found = [fault("database", f"{version} is too old", "PostgreSQL 12 or later is needed")]
    if abs(skew) > _SKEW:
        told = f"{times.distance(abs(skew))} {'behind' if skew > timedelta() else 'ahead of'} the database's"
        found.append(fault("clock", f"this host's clock is {told}", "keep both clocks right by NTP"))
    return found


def views(connection: db.Connection) -> Iterator[Check]:
    """Whether each view is there, has its columns and can be read."""
    sound = True
    for name, columns in schema.VIEWS.items():
        relation = f"notify.{name}"
        present = {row.name for row in db.rows(connection, _SQL("columns"), {"relation": relation})}
        missing = [column for column in columns.split() if column not in present]
        if missing:
            sound = False
            lacks = f"lacks {', '.join(missing)}" if present else "does not exist"
            own = "; with views of your own: notify init-db --views FILE"
            yield fault("views", f"{relation} {lacks}", _INIT + own)
            continue
        try:
            db.rows(connection, f"select {', '.join(columns.split())} from {relation} limit 1")  # noqa: S608 - names of this module
        except NotifyError as error:
            sound = False
            yield fault("views", f"{relation}: {error}", "mend the view or the role's right to read it")
    if sound:
        yield fine("views", f"all {len(schema.VIEWS)} can be read")


def log(connection: db.Connection) -> Iterator[Check]:
    """Whether what was sent can be written down. Raises DatabaseError."""
    columns = db.rows(connection, _SQL("columns"), {"relation": "reminders_log"})
    present = {row.name: bool(row.is_required) for row in columns}
    if not present:
        yield fault("log", "reminders_log does not exist", _INIT)
        return
    indexes = re.findall(r"if not exists (\w+)", schema.script())
    row = db.rows(connection, _SQL("log"), {"indexes": [name for name in indexes if name.endswith("_idx")]})[0]
    lacking = [f"column {name}" for name in _LOG.split() if name not in present]
    lacking += [f"status {status}" for status in row.missing_statuses] + list(row.missing_tables)
    lacking += [f"{name} that may be null" for name in ("sent_at", "delivery_method") if present.get(name)]
    lacking += [] if row.has_unique_key else ["the unique index on notification_key"]
    if lacking:
        yield fault("log", f"lacks {', '.join(lacking)}", _INIT)
    if row.missing_privileges:
        rights = ", ".join(row.missing_privileges)
        yield fault("log", f"the role may not {rights} in reminders_log", "grant it to the role in DATABASE_URL")
    if lacking or row.missing_privileges:
        return
    if row.missing_indexes:
        count = len(row.missing_indexes)
        yield remark("log", f"ready, but {count} of {len(indexes)} indexes are missing: sweeps get slow", _INIT)
    else:
        yield fine("log", "ready, with its indexes")


def courses(connection: db.Connection, rules: Rules, settings: Settings) -> Iterator[Check]:
    """Whether the lessons of every group are known. Raises DatabaseError."""
    known = rules.courses()
    if rules.faults:
        yield from (fault("course file", line, "correct the file: nudges are off until then") for line in rules.faults)
    elif known is None:
        yield remark("course file", "none is set: lesson nudges are off", "set NOTIFY_COURSES to the file or folder")
    else:
        unknown = [name for name in groups.courses_ahead(connection) if known.course_for(name) is None]
        for name in unknown:
            told = f"{settings.courses} has no course {name!r}: its groups get no nudges"
            yield fault("course file", told, f"add a file with `title: {name}`, or a default.yaml for all others")
        if not unknown:
            yield fine("course file", f"{settings.courses}: every group's course is known")


def sweeps(connection: db.Connection, rules: Rules) -> Check:
    """Whether anything waits that a sweep should have sent long ago. Raises DatabaseError, ConfigError."""
    now = datetime.now(UTC)
    rows = db.rows(connection, _SQL("deliveries"))
    last = max((row.last_sent_at for row in rows if row.last_sent_at), default=None)
    stuck = sum(row.stuck for row in rows)
    found = due.find(connection, due.Window(), rules.policy())
    waiting = [c.delivery.due_at for c in found if c.delivery.due_at < now - _OVERDUE]
    cron = "let cron run notify sweep-due every minute (crontab.example), and look at what it mails"
    sent = f"the last delivery was on {times.local(last, now)}" if last else "nothing has been sent so far"
    if stuck and (last is None or last < now - _OVERDUE):
        return fault("sweeps", f"{_count(stuck, 'row')} past all use, no sweep has closed them; {sent}", cron)
    if waiting and last is None:
        return remark("sweeps", f"{_count(len(waiting), 'message')} due and {sent}", cron)
    if waiting and last is not None and last < now - _OVERDUE:
        since = times.local(min(waiting), now)
        return fault("sweeps", f"{_count(len(waiting), 'message')} due since {since} at the earliest; {sent}", cron)
    return fine("sweeps", f"nothing is overdue; {sent}")


def deliveries(connection: db.Connection) -> Iterator[Check]:
    """Whether what was tried in the last day also arrived. Raises DatabaseError."""
    rows = db.rows(connection, _SQL("deliveries"))
    look = "notify log --status failed --since 1d says why"
    failing = [row for row in rows if row.failed]
    for row in failing:
        told = f"{row.method}: {row.failed} failed and {row.delivered} delivered in the last day"
        alarming = row.failed >= _A_FEW and not row.delivered
        yield (fault if alarming else remark)("deliveries", told, look)
    if not failing:
        yield fine("deliveries", "none failed in the last day")


def _count(count: int, what: str) -> str:
    return f"1 {what} is" if count == 1 else f"{count} {what}s are"
