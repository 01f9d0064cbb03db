"""The last seven days: how many deliveries became what, and why some came to nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from notify_cli import db, keys, times
from notify_cli.log import history
from notify_cli.page import words
from notify_cli.page.redaction import Redaction
from notify_cli.page.view import Failure, Past, People
from notify_cli.registry import Method

BACK = timedelta(days=7)
STATUSES = ("delivered", "scheduled", "retrying", "failed", "expired", "cancelled")
_TOLD = {"bounced": "failed"}  # the log's word where the page has another
_FAILED = ("failed", "bounced", "expired")
_MOST, _REASONS, _PEOPLE = 2_000, 60, 20  # failures read, reasons shown, people named for one

_Alike = tuple[str, str, str, str]  # the type, the method, what became of it, the reason


def days(connection: db.Connection, user_id: int | None, *, rehearsal: bool, now: datetime) -> list[Past]:
    """Today and the seven days before, the latest first. Raises DatabaseError."""
    today = now.astimezone().date()
    by_day: dict[date, Counter[str]] = {today - timedelta(days=n): Counter() for n in range(BACK.days + 1)}
    for at, status, count in history.counts(connection, since=BACK, user_id=user_id, rehearsal=rehearsal):
        day = at.astimezone().date()
        if day in by_day:
            by_day[day][_TOLD.get(status, status)] += count
    busiest = max((counts.total() for counts in by_day.values()), default=0) or 1
    return [
        Past(
            words.day(day, today),
            {status: counts[status] for status in STATUSES},
            {status: 100 * counts[status] / busiest for status in STATUSES},
        )
        for day, counts in by_day.items()
    ]


def totals(past: Sequence[Past]) -> dict[str, int]:
    """The sums of all days, by status."""
    return {status: sum(day.counts[status] for day in past) for status in STATUSES}


def failures(
    connection: db.Connection, user_id: int | None, redaction: Redaction, *, rehearsal: bool, now: datetime
) -> list[Failure]:
    """What came to nothing, the same for one reason together, the latest first. Raises DatabaseError."""
    found = history.entries(connection, since=BACK, user_id=user_id, statuses=_FAILED, most=_MOST)
    redaction.know(entry["name"] for entry in found if entry["user_id"] is not None)
    alike: dict[_Alike, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in reversed(found):
        if keys.is_rehearsal(entry["notification_key"]) == rehearsal:
            reason = redaction.words(entry["error"] or _without_words(entry))
            alike[entry["reminder_type"], entry["method"], entry["status"], reason].append(entry)
    return [_failure(key, same, redaction, now) for key, same in list(alike.items())[:_REASONS]]


def _failure(key: _Alike, same: Sequence[Mapping[str, Any]], redaction: Redaction, now: datetime) -> Failure:
    reminder_type, method, status, reason = key
    label = {one.value: one.way.label for one in Method}.get(method, method)
    names = redaction.names(dict.fromkeys(_recipient(entry) for entry in same))
    at = same[0]["sent_at"] or same[0]["due_at"]
    return Failure(
        at=times.local(at, now) if at else "",
        title=words.title(reminder_type),
        status=_TOLD.get(status, status),
        reason=reason,
        count=words.many(len(same), label),
        people=People.first(names, _PEOPLE),
    )


def _recipient(entry: Mapping[str, Any]) -> str:
    return str(entry["name"] or keys.recipient(entry["user_id"], entry["group_id"]))


def _without_words(entry: Mapping[str, Any]) -> str:
    if entry["status"] == "expired":
        return "its time was over before it could be sent"
    return "no reason was recorded"
