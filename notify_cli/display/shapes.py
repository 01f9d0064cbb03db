"""What `--json` prints, shape by shape: stable, in snake_case, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.audit import Finding
    from notify_cli.audit.forecast import Forecast
    from notify_cli.audit.status import Status
    from notify_cli.check import Check
    from notify_cli.delivery import Delivery, Job
    from notify_cli.explain import Entry
    from notify_cli.log.history import Attempt
    from notify_cli.manual import Result
    from notify_cli.model import Email
    from notify_cli.preview import Calendar, Preview
    from notify_cli.sending.summary import Summary

Shape = dict[str, Any]

_LOG = (
    *("reminder_id", "job_id", "notification_key", "reminder_type", "method", "status", "error"),
    *("user_id", "group_id", "due_at", "sent_at", "changed_at", "attempts"),
)
_WHOLE = (
    *("reminder_id", "job_id", "notification_key", "reminder_type", "method", "status", "error", "message"),
    *("user_id", "group_id", "created_at", "due_at", "useful_until", "sent_at", "retry_at", "provider_message_id"),
)
_SUMMARY = ("due", "delivered", "failed", "retrying", "cancelled", "left", "by_method", "seconds")


def delivery(coming: Delivery) -> Shape:
    """A delivery to come: `sweep-due --dry-run`, `upcoming`."""
    return {
        "job_id": coming.job_id,
        "reminder_type": coming.reminder_type,
        "method": coming.method.value,
        "recipient": coming.recipient,
        "user_id": coming.user_id,
        "group_id": coming.group_id if coming.user_id is None else None,
        "due_at": coming.due_at,
        "useful_until": coming.useful_until,
    }


def summary(done: Summary) -> Shape:
    """What a run did: `sweep-due`."""
    return {name: getattr(done, name) for name in _SUMMARY}


def finding(found: Finding) -> Shape:
    """What did not go as it should have: `audit`."""
    return {
        "job_id": found.job_id,
        "reminder_type": found.reminder_type,
        "method": found.method.value,
        "recipient": found.recipient,
        "due_at": found.due_at,
        "useful_until": found.useful_until,
        "finding": found.finding,
        "reason": found.reason,
    }


def log_entry(row: Mapping[str, Any]) -> Shape:
    """A row of the log: `log`."""
    return {key: row[key] for key in _LOG}


def whole(row: Mapping[str, Any], attempts: Sequence[Attempt]) -> Shape:
    """One delivery with its text and its attempts: `show`."""
    found = {key: row[key] for key in _WHOLE}
    return found | {"attempts": [asdict(attempt) for attempt in attempts]}


def status(found: Status) -> Shape:
    """How it stands: `status`."""
    host, swept_at = found.last or (None, None)
    return {
        "last_sweep_at": swept_at,
        "host": host,
        "overdue": {
            method.value: {"count": one.count, "oldest_due_at": one.oldest_due_at}
            for method, one in found.overdue.items()
        },
        "last_24h": {
            "delivered": sum(found.delivered.values()),
            "failed": sum(found.failed.values()),
            "expired": sum(found.expired.values()),
        },
        "latency_seconds": asdict(found.latency),
        "dm_backlog": {"count": found.waiting_dms, "done_at": found.dms_done_at},
        "suppressed": found.suppressed,
    }


def forecast(found: Forecast) -> Shape:
    """What an edited messages file would change: `forecast`."""
    return {
        "added": [delivery(one) for one in found.added],
        "removed": [delivery(one) for one in found.removed],
        "changed": [asdict(one) for one in found.changed],
        "by_type": found.by_type,
    }


def verdict(entry: Entry) -> Shape:
    """The verdict of one rule: `explain`."""
    return {
        "rule": entry.rule,
        "meeting_id": entry.meeting_id,
        "verdict": entry.verdict,
        "reason": entry.reason,
        "due_at": entry.due_at,
    }


def result(became: Result) -> Shape:
    """What became, or would become, of a delivery sent by hand: `send`."""
    return {
        "notification_key": became.delivery.notification_key,
        "method": became.delivery.method.value,
        "status": became.status,
        "error": became.error,
    }


def job(cancelled: Job, people: int) -> Shape:
    """A job that was cancelled or restored, with how many it reaches: `cancel`."""
    return {"job_id": cancelled.job_id, "occurrence": cancelled.occurrence, "people": people}


def check(made: Check) -> Shape:
    """One check of the installation: `doctor`."""
    return asdict(made)


def preview(made: Preview) -> Shape:
    """A message before anybody gets it: `preview`; a part that it does not have is null."""
    texts = {
        method.way.parts[0]: _text(made.texts[method].content) if method in made.texts else None
        for method in Method
        if method.way.form != "email"
    }
    return {
        "type": made.reminder_type,
        "about": made.about,
        "email": _email(made.email) if made.email else None,
        **texts,
        "calendar": _calendar(made.calendar) if made.calendar else None,
        "errors": made.errors,
        **({} if made.withheld is None else {"withheld": made.withheld or None}),
    }


def _email(email: Email) -> Shape:
    return {"to": email.to, "subject": email.subject, "text": email.text, "html": email.html}


def _text(content: str) -> Shape:
    return {"text": content, "length": len(content)}


def _calendar(calendar: Calendar) -> Shape:
    occurrences = [
        {"starts_at": one.starts_at, "ends_at": one.starts_at + one.duration, "join_url": one.join_url}
        for one in calendar.occurrences
    ]
    told = {"method": calendar.method, "title": calendar.title, "description": calendar.description}
    return told | {"occurrences": occurrences}
