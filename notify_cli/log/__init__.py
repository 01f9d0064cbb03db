"""reminders_log: one row per delivery. This module and `reports` beside it are its only writers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from notify_cli import db, keys, sql
from notify_cli.delivery import Delivery, Job, Status

if TYPE_CHECKING:
    from notify_cli.calendar.held import Held

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this run, and no other, may send. `attempts` counts this one.

    `context` is what the log keeps beside the message, JSON: `variables`, `group_id` and `meeting_id` of a message that
    was stored for later; `tried`, the attempts so far that did not deliver, each with `at`, `outcome` and `error`;
    `unswept_since` and `unswept_until`, when nobody swept, so that it was sent late, or passed; `absorbed_by`, the job
    of another message that has its content; `late`, that it is sent late, by `audit --mend`; `in_doubt`, that a former
    attempt may have arrived; `baseline`, by which it counts as done though it was not sent, `waited` if it was to be;
    `refused_at`, the address that was refused; `account_refused`, how the provider last refused our account; `carrier`,
    by which way an email went, where that is not the usual one. The row of a cancellation has `pattern` and `command`.
    """

    delivery: Delivery
    reminder_id: int
    attempts: int
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim. `status` is delivered, failed or pending (with `retry_after` seconds from now).

    `calendar` is the row of notify.calendars as it is by now, where the delivery concerned a calendar.
    """

    reminder_id: int
    status: Status
    message: str | None = None
    error: str | None = None
    retry_after: float | None = None
    provider_message_id: str | None = None
    context: dict[str, Any] | None = None
    calendar: Held | None = None


class Swept(NamedTuple):
    """A sweep: on which host, and when it looked."""

    host: str
    at: datetime


class Closed(NamedTuple):
    """How many rows were closed, and how many of them were never tried."""

    closed: int
    untried: int


def load() -> None:
    """Have all statements in memory: what was sent must be recorded whatever becomes of their files. Raises OSError."""
    _SQL.load()


def claim(
    connection: db.Connection,
    deliveries: Sequence[Delivery],
    *,
    token: UUID,
    lease: timedelta,
    now: datetime | None = None,
) -> list[Claim]:
    """Take those of the deliveries that nobody else has taken; the claim is committed when this returns.

    The lease ends at now + `lease`: a crash leaves a visible pending row that is free again from then on. Returns
    the claims in the order of `deliveries`. Raises DatabaseError.
    """
    by_key = {d.notification_key: d for d in deliveries}
    if not by_key:
        return []
    params = columns(by_key.values()) | {"lease": lease, "token": token, "now": now}
    params["mended"] = [key for key, d in by_key.items() if d.mended]
    rows = {row.notification_key: row for row in db.rows(connection, _SQL("claim"), params)}
    return [
        Claim(by_key[key], row.reminder_id, row.attempts, row.context)
        for key in by_key
        if (row := rows.get(key)) is not None
    ]


def record(connection: db.Connection, outcomes: Sequence[Outcome], *, token: UUID, now: datetime | None = None) -> int:
    """Write outcomes, and return how many were still ours to write (a lost lease is not)."""
    params = {
        "reminder_ids": [o.reminder_id for o in outcomes],
        "statuses": [o.status for o in outcomes],
        "messages": [_storable(o.message) for o in outcomes],
        "errors": [_storable(o.error) for o in outcomes],
        "retry_afters": [o.retry_after or 0.0 for o in outcomes],
        "provider_message_ids": [o.provider_message_id for o in outcomes],
        "contexts": [_jsonb(o.context) for o in outcomes],
        "token": token,
        "now": now,
    }
    return db.execute(connection, _SQL("record"), params)


def release(connection: db.Connection, claims: Sequence[Claim], *, token: UUID, refusal: str = "") -> None:
    """Give claims back as they were: not attempted, free for the next run.

    `refusal` is how the provider refused our account, for whoever asks why they wait; the next claim forgets it.
    """
    told = {"account_refused": refusal} if refusal else {}
    contexts = [_jsonb((c.context or {}) | told if told else c.context) for c in claims]
    params = {"reminder_ids": [c.reminder_id for c in claims], "contexts": contexts, "token": token}
    db.execute(connection, _SQL("release"), params)


def park(connection: db.Connection, reminder_ids: Sequence[int], *, token: UUID) -> int:
    """Let nobody take these again whose outcome the database refuses; returns how many were still ours.

    It may have been sent, and each further try would send it again.
    """
    return db.execute(connection, _SQL("park"), {"reminder_ids": list(reminder_ids), "token": token})


def store(connection: db.Connection, deliveries: Sequence[Delivery], *, now: datetime | None = None) -> frozenset[str]:
    """Put deliveries with their `context` into the log, to go out when they are due; one statement.

    A key that waits already, or came to nothing, takes the new time and content. Returns the keys that were stored: not
    those of what was delivered before or is being sent at this moment. Raises DatabaseError.
    """
    by_key = {d.notification_key: d for d in deliveries}
    if not by_key:
        return frozenset()
    contexts = {key: d.context for key, d in by_key.items() if d.context is not None}
    params = columns(by_key.values()) | {"contexts": _jsonb(contexts), "now": now}
    return frozenset(row.notification_key for row in db.rows(connection, _SQL("store"), params))


def cancel(connection: db.Connection, jobs: Sequence[Job], pattern: str) -> None:
    """Keep these jobs from going out, for everyone; what is being sent at this moment is finished. One statement.

    `pattern` is that of the person who cancels them: by it what one command did can be taken back.
    """
    params = {
        "notification_keys": [job.cancellation_key for job in jobs],
        "job_ids": [job.job_id for job in jobs],
        "reminder_types": [job.reminder_type for job in jobs],
        "message": f"cancelled by the pattern {pattern}",
        "pattern": pattern,
        "command": uuid4().hex,
    }
    db.execute(connection, _SQL("cancel"), params)


def restore(connection: db.Connection, jobs: Sequence[Job]) -> None:
    """Take back the cancellation of these jobs."""
    db.execute(connection, _SQL("restore"), {"notification_keys": [job.cancellation_key for job in jobs]})


def expire(connection: db.Connection, *, rehearsal: bool = False, now: datetime | None = None) -> int:
    """Close pending rows that are of no use any more and that nobody is sending; returns how many.

    A rehearsal closes rows of rehearsals only, and no other run does.
    """
    return close(connection, rehearsal=rehearsal, now=now).closed


def close(
    connection: db.Connection, *, rehearsal: bool = False, swept: Swept | None = None, now: datetime | None = None
) -> Closed:
    """The same, and put down that a host has swept. Raises DatabaseError."""
    params = {
        "mark": keys.mark(rehearsal),
        "host": swept and swept.host,
        "swept_at": swept and swept.at,
        "now": now,
    }
    return Closed(*db.rows(connection, _SQL("expire"), params)[0])


def miss(connection: db.Connection, deliveries: Sequence[Delivery], *, context: dict[str, Any] | None) -> list[str]:
    """Put down, as expired, what was to go out and was tried by nobody; returns the keys that the log did not know.

    Raises DatabaseError.
    """
    params = columns(deliveries) | {"context": _jsonb(context)}
    return [row.notification_key for row in db.rows(connection, _SQL("miss"), params)]


def absorb(connection: db.Connection, absorbed: Mapping[Delivery, str]) -> None:
    """Be done with deliveries whose content is in another, by the job id of that. Raises DatabaseError."""
    if absorbed:
        by_key = {d.notification_key: job_id for d, job_id in absorbed.items()}
        db.execute(connection, _SQL("absorb"), columns(absorbed) | {"absorbed_by": _jsonb(by_key)})


def prune(connection: db.Connection, age: timedelta, *, most: int | None, dry_run: bool = False) -> int:
    """Delete up to so many rows that are older and that nothing needs; returns how many. Raises DatabaseError."""
    cutoff = db.rows(connection, "select now() - %(age)s::interval as at", {"age": age})[0].at
    params = {"cutoff": cutoff, "most": most, "dry": dry_run}
    return int(db.rows(connection, _SQL("prune"), params)[0].count)


def erase(connection: db.Connection, user_id: int, *, dry_run: bool = False) -> int:
    """Erase what the messages to somebody said and where they went; returns how many. Raises DatabaseError."""
    return int(db.rows(connection, _SQL("erase"), {"user_id": user_id, "dry": dry_run})[0].count)


def knows(connection: db.Connection, user_id: int) -> bool:
    """Whether there is any row of somebody. Raises DatabaseError."""
    return bool(db.rows(connection, _SQL("of_user"), {"user_id": user_id})[0].found)


def columns(deliveries: Collection[Delivery]) -> dict[str, Any]:
    """Deliveries as the parameters of wanted.sql: a list for each column."""
    return {
        "notification_keys": [d.notification_key for d in deliveries],
        "job_ids": [d.job_id for d in deliveries],
        "reminder_types": [d.reminder_type for d in deliveries],
        "methods": [d.method.value for d in deliveries],
        "user_ids": [d.user_id for d in deliveries],
        "group_ids": [d.group_id for d in deliveries],
        "due_ats": [d.due_at for d in deliveries],
        "useful_untils": [d.useful_until for d in deliveries],
    }


def _jsonb(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(_storable(value))


def _storable(value: Any) -> Any:
    """The value without what PostgreSQL cannot hold, NUL and halves of characters: it would refuse the whole batch."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list | tuple) else value
