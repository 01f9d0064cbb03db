"""Why something was late, or never tried, as far as the log tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from notify_cli import times

# What is later than this is late: cron's minute, a run's length, some retries.
TOLERANCE = timedelta(minutes=5)

Gaps = Sequence[tuple[datetime, datetime]]


def gaps(rows: Iterable[Any]) -> Gaps:
    """The times in which nobody swept, as far as rows tell that passed, or went out late, because of them."""
    found = {(since, unswept_until(row)) for row in rows if (since := unswept_since(row)) is not None}
    return sorted(found)


def unswept_since(row: Any) -> datetime | None:
    """Since when nobody had swept when a row was made or sent late; None where that is not why."""
    return _moment((row.context or {}).get("unswept_since"))


def unswept_until(row: Any) -> datetime:
    """Until when that was: the sweep that put it down."""
    until: datetime = _moment((row.context or {}).get("unswept_until")) or row.sent_at or row.created_at
    return until


def nobody_swept(since: datetime | None, until: datetime) -> str:
    """That nobody swept in a time."""
    if since is None:
        return "nobody has swept so far"
    return f"nobody swept from {times.local(since, until)} to {times.local(until, until)}"


def late(row: Any, known: Gaps) -> str | None:
    """Why a delivery went out late; None where it may not have been possible before, for all that is known."""
    context = row.context or {}
    if context.get("late"):
        return "it was sent late by notify audit --mend"
    if (since := unswept_since(row)) is not None:
        return nobody_swept(since, unswept_until(row))
    for since, until in known:
        if since <= row.due_at < until - TOLERANCE:
            return nobody_swept(since, until)
    tried = context.get("tried")
    if isinstance(tried, list) and tried and isinstance(tried[0], dict) and tried[0].get("error"):
        return str(tried[0]["error"])
    return None


def passed(row: Any) -> str | None:
    """Why a delivery was never tried, where that is known."""
    if (since := unswept_since(row)) is not None:
        return nobody_swept(since, unswept_until(row))
    refused = (row.context or {}).get("account_refused")
    return str(refused) if refused else row.error


def _moment(told: Any) -> datetime | None:
    with suppress(TypeError, ValueError):
        at = datetime.fromisoformat(told)
        return at if at.tzinfo else None
    return None
