"""Who is due: one .sql file per rule, framed by verdict.sql, which gives every candidate its verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from notify_cli import db
from notify_cli.model import Delivery, Method

Lessons = dict[str, dict[str, list[str]]]

STORED = "stored"  # the rule of messages that staff or the platform stored for later
GOES_OUT = ("will_send", "retrying")
# Far enough to be "ever", near enough for timestamp arithmetic.
EVER = timedelta(days=365 * 300)

_FOLDER = Path(__file__).parent
_JOBS = "select distinct job_id, occurrence, reminder_type from (/* rules */) as candidate order by 1, 2"
_TYPES = {
    "lessons": "jsonb",
    "user_ids": "int[]",
    "group_ids": "int[]",
    "meeting_ids": "int[]",
    "disabled": "text[]",
    "types": "text[]",
    "verdicts": "text[]",
    "free_only": "boolean",
    "meeting_minutes": "int",
}


@dataclass(frozen=True, slots=True)
class Window:
    """Which candidates to look at. The defaults are a sweep's: due by now and still useful.

    `now` is None for the database's clock. `within` looks ahead, `since` back, from now.
    """

    now: datetime | None = None
    within: timedelta = timedelta(0)
    since: timedelta = timedelta(0)
    user_ids: Sequence[int] | None = None
    group_ids: Sequence[int] | None = None
    meeting_ids: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A delivery that a rule considered, with its verdict and what the log knows of it."""

    delivery: Delivery
    verdict: str
    note: str | None
    attempts: int | None
    sent_at: datetime | None
    error: str | None
    retry_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Policy:
    """What, besides the tables, decides who is due: switched-off types, and the lessons of the course file.

    `lessons` is called only when a nudge has someone to look at; it gives what `Courses.by_name` describes.
    """

    disabled: Collection[str] = ()
    lessons: Callable[[], Lessons] = dict
    meeting_minutes: int = 60


@cache
def rule_names() -> tuple[str, ...]:
    """The rules, by the names of their files."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.sql") if path.stem not in (STORED, "verdict")))


def find(
    connection: db.Connection,
    window: Window,
    policy: Policy,
    *,
    types: Collection[str] | None = None,
    verdicts: Collection[str] | None = GOES_OUT,
    free_only: bool = True,
) -> list[Candidate]:
    """The candidates in the window, what is useful for the shortest time first.

    `types` limits the search to these reminder types; `verdicts` None gives every verdict; `free_only` leaves out
    what another run is sending or what waits for its retry time. Raises DatabaseError, ConfigError.
    """
    found = _find(connection, window, policy, types, verdicts, free_only, lessons=None)
    nudges = {c.delivery.reminder_type for c in found if _needs_lessons(c.delivery.reminder_type)}
    if not nudges:
        return found
    # Only now is the course file worth its import: usually nobody is in a nudge's window.
    told = _find(connection, window, policy, nudges, verdicts, free_only, lessons=policy.lessons())
    merged = [c for c in found if c.delivery.reminder_type not in nudges] + told
    return sorted(merged, key=lambda c: (c.delivery.useful_until, c.delivery.due_at, c.delivery.notification_key))


def jobs(connection: db.Connection, window: Window, policy: Policy) -> list[tuple[str, str, str]]:
    """Every (job_id, occurrence, reminder_type) in the window, also those without anybody to send to as yet."""
    sql = _JOBS.replace("/* rules */", _union(None))
    return [tuple(row) for row in db.rows(connection, sql, _parameters(window, policy, None, {}))]


def still_due(
    connection: db.Connection, batch: Sequence[Delivery], now: datetime | None, policy: Policy
) -> list[Delivery]:
    """Those of the batch that are due at this moment, as found now: the tables may have changed since the batch was."""
    parts: dict[tuple[bool, bool], list[Delivery]] = {}
    for delivery in batch:
        parts.setdefault((delivery.user_id is None, delivery.meeting_id is None), []).append(delivery)
    current: list[Delivery] = []
    for (is_post, no_meeting), part in parts.items():
        window = Window(
            now=now,
            user_ids=None if is_post else _ids(d.user_id for d in part),
            group_ids=_ids(d.group_id for d in part) if is_post else None,
            meeting_ids=None if no_meeting else _ids(d.meeting_id for d in part),
        )
        keys = {d.notification_key for d in part}
        found = find(connection, window, policy, types={d.reminder_type for d in part})
        current += [c.delivery for c in found if c.delivery.notification_key in keys]
    return current


def _find(
    connection: db.Connection,
    window: Window,
    policy: Policy,
    types: Collection[str] | None,
    verdicts: Collection[str] | None,
    free_only: bool,
    lessons: Lessons | None,
) -> list[Candidate]:
    wanted = None if types is None else tuple(sorted(set(types)))
    params = _parameters(window, policy, wanted, lessons)
    params |= {"verdicts": None if verdicts is None else list(verdicts), "free_only": free_only}
    return [_candidate(row) for row in db.rows(connection, _statement(wanted), params)]


def _parameters(window: Window, policy: Policy, types: Sequence[str] | None, lessons: Lessons | None) -> dict[str, Any]:
    return {
        "now": window.now,
        "within": window.within,
        "since": window.since,
        "user_ids": None if window.user_ids is None else list(window.user_ids),
        "group_ids": None if window.group_ids is None else list(window.group_ids),
        "meeting_ids": None if window.meeting_ids is None else list(window.meeting_ids),
        "lessons": None if lessons is None else _jsonb(lessons),
        "disabled": list(policy.disabled),
        "types": None if types is None else list(types),
        "meeting_minutes": policy.meeting_minutes,
    }


@cache
def _statement(types: tuple[str, ...] | None) -> str:
    frame = db.load_sql(_FOLDER / "verdict.sql", _TYPES)
    return frame.replace("/* rules */", _union(types))


@cache
def _union(types: tuple[str, ...] | None) -> str:
    names = [name for name in rule_names() if types is None or name in types]
    parts = [_rule(name) for name in names]
    stored = "select * from (/* rule */) as stored".replace("/* rule */", _rule(STORED))
    parts.append(stored + " where %(types)s::text[] is null or reminder_type = any(%(types)s)")
    return "\nunion all\n".join(f"({part})" for part in parts)


@cache
def _rule(name: str) -> str:
    return db.load_sql(_FOLDER / f"{name}.sql", _TYPES)


def _candidate(row: Any) -> Candidate:
    delivery = Delivery(
        row.job_id,
        row.occurrence,
        row.reminder_type,
        Method(row.method),
        row.user_id,
        row.group_id,
        row.meeting_id,
        row.due_at,
        row.useful_until,
        row.context,
    )
    return Candidate(
        delivery,
        row.verdict,
        row.note,
        row.attempts,
        row.sent_at,
        row.delivery_error,
        row.retry_at,
        row.cancelled_at,
    )


def _needs_lessons(reminder_type: str) -> bool:
    return reminder_type.startswith("lesson_nudge") and reminder_type in rule_names()


def _ids(values: Iterable[int | None]) -> list[int]:
    return sorted({value for value in values if value is not None})


def _jsonb(value: object) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value)
