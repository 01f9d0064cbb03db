"""Verdicts in words: one sentence for one message, which names the channels where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from notify_cli import due, keys, times
from notify_cli.delivery import Verdict
from notify_cli.explain.evidence import LogRow
from notify_cli.explain.subject import Subject
from notify_cli.registry import TYPES

# Verdicts that hold for the message, whatever channels it has.
_WHOLE: frozenset[Verdict] = frozenset({
    "not_a_member", "not_attending", "joined_too_late", "lessons_done", "account_deleted", "group_inactive",
    "not_applicable", "disabled", "cancelled", "before_start",
})  # fmt: skip
# A delay that is not worth a word: the next sweep, and its retries.
_PROMPT = timedelta(minutes=10)


def reason(message: Sequence[due.Candidate], subject: Subject) -> str:
    """Why the channels of one message have the verdicts they have."""
    channels: dict[tuple[str, bool], list[str]] = {}
    for candidate in message:
        text = _TEXTS.get(candidate.verdict, _note)(candidate, subject)
        is_whole = candidate.verdict in _WHOLE or (candidate.verdict == "sent" and candidate.sent_at is None)
        channels.setdefault((text, is_whole), []).append(candidate.delivery.method.way.label)
    if len(channels) == 1 and next(iter(channels))[1]:
        return next(iter(channels))[0]
    return "; ".join(_of_channels(names, text) for (text, _), names in channels.items())


def post(candidate: due.Candidate, subject: Subject) -> str:
    """What became of the post in the channel of the person's group."""
    return f"the channel of {subject.group_name(candidate.delivery.group_id)} got its post{_on(candidate, subject)}"


def former(row: LogRow, subject: Subject) -> str:
    """What was sent for the time that the meeting once had."""
    start = keys.time_of(keys.split(row["notification_key"]).occurrence)
    former_time = times.local(start, subject.now) if start else "its former time"
    return f"the meeting was moved: for {former_time} it was sent on {times.local(row['sent_at'], subject.now)}"


def instead(reminder_type: str) -> str:
    """That somebody gave another message the job id of this one."""
    return f"what went out under its job id was {reminder_type}, sent by hand"


def rehearsed(at: datetime, subject: Subject) -> str:
    """That it went into an outbox or to a redirect, which counts for nothing."""
    return f"a rehearsal of it was on {times.local(at, subject.now)}"


def absent(rule: str, subject: Subject) -> str:
    """Why a rule has nothing to say about somebody at all."""
    groups = ", ".join(stay.group_name for stay in subject.stays.values())
    message_type = TYPES.get(rule)
    if message_type is None:  # declared in the messages file
        return f"{groups or subject.name}: nothing to send it about in the last 30 days or to come"
    if not groups and (message_type.subject == "meeting" or "{groups}" in message_type.absent):
        return f"{subject.name} is in no group"
    if message_type.absent:
        return message_type.absent.format(name=subject.name, groups=groups)
    if subject.asked_for is not None:
        return f"meeting {subject.asked_for} is not in the table any more"
    return f"{groups}: no meeting in the last 30 days or to come"


def _of_channels(names: Sequence[str], text: str) -> str:
    joined = " and ".join(names)
    return f"{joined} {text}" if text.startswith(("sent on ", "sent in a rehearsal")) else f"{joined}: {text}"


def _will_send(candidate: due.Candidate, subject: Subject) -> str:
    since = candidate.delivery.due_at
    late = f", due since {times.local(since, subject.now)}" if subject.now - since > timedelta(minutes=1) else ""
    refusal = (candidate.delivery.context or {}).get("account_refused")
    said = f"goes out with the next sweep{late}{_moved(candidate, subject)}{_progress(candidate)}"
    return f"{said}: {refusal}" if refusal else said


def _retrying(candidate: due.Candidate, subject: Subject) -> str:
    tries = _tries(candidate)
    error = f": {candidate.error}" if candidate.error else ""
    if candidate.retry_at is None:
        return f"{tries} begun, no outcome so far{error}"
    return f"{tries} failed, tried again after {times.local(candidate.retry_at, subject.now)}{error}"


def _sent(candidate: due.Candidate, subject: Subject) -> str:
    if candidate.sent_at is None:
        return candidate.note or "sent"
    late = candidate.sent_at - candidate.delivery.due_at
    told = f", {times.distance(late)} after it was due" if late > _PROMPT else ""
    how = " in a rehearsal" if candidate.delivery.rehearsal else ""
    return f"sent{how}{_on(candidate, subject)}{told}{_moved(candidate, subject)}"


def _failed(candidate: due.Candidate, subject: Subject) -> str:
    after = f" after {_tries(candidate)}" if (candidate.attempts or 0) > 1 else ""
    return f"failed{after}: {candidate.error or 'no reason in the log'}"


def _not_due_yet(candidate: due.Candidate, subject: Subject) -> str:
    due_at = times.local(candidate.delivery.due_at, subject.now)
    return f"due on {due_at}{_moved(candidate, subject)}{_progress(candidate)}"


def _before_start(candidate: due.Candidate, subject: Subject) -> str:
    return f"due on {times.local(candidate.delivery.due_at, subject.now)}, before notify started to send this"


def _expired(candidate: due.Candidate, subject: Subject) -> str:
    until = times.local(candidate.delivery.useful_until, subject.now)
    if candidate.attempts:
        return f"not delivered by {until}, too late now: {candidate.error or _tries(candidate)}"
    return f"too late: not sent by {until}, when it stopped being useful"


def _cancelled(candidate: due.Candidate, subject: Subject) -> str:
    if candidate.cancelled_at is None and candidate.error:
        return candidate.error
    when = f" on {times.local(candidate.cancelled_at, subject.now)}" if candidate.cancelled_at else ""
    return f"cancelled by staff{when}; to restore: notify cancel --undo {candidate.delivery.job_id}"


def _disabled(candidate: due.Candidate, subject: Subject) -> str:
    return f"{candidate.delivery.reminder_type} is switched off for everybody (NOTIFY_DISABLED)"


def _opted_out(candidate: due.Candidate, subject: Subject) -> str:
    return f"switched off by {subject.name}"


def _bounced(candidate: due.Candidate, subject: Subject) -> str:
    return f"sent{_on(candidate, subject)}, and came back: {candidate.error or 'no reason in the log'}"


def _suppressed(candidate: due.Candidate, subject: Subject) -> str:
    return (
        f"the provider does not deliver to the address of {subject.name} any more; to lift it, correct the address, or "
        "remove it from the suppressions in SendGrid, then: notify reconcile"
    )


def _no_address(candidate: due.Candidate, subject: Subject) -> str:
    return f"{subject.name} has no {candidate.delivery.method.way.lacks}"


def _not_a_member(candidate: due.Candidate, subject: Subject) -> str:
    stay = subject.stays.get(candidate.delivery.group_id or 0)
    if stay is None or not stay.left_at:
        return f"{subject.name} is not an active member of {subject.group_name(candidate.delivery.group_id)}"
    return f"{subject.name} left {stay.group_name} on {times.local(stay.left_at, subject.now)}"


def _not_attending(candidate: due.Candidate, subject: Subject) -> str:
    return f"{subject.name} does not attend this meeting"


def _joined_too_late(candidate: due.Candidate, subject: Subject) -> str:
    stay = subject.stays.get(candidate.delivery.group_id or 0)
    joined = f" on {times.local(stay.joined_at, subject.now)}" if stay and stay.joined_at else ""
    due_at = times.local(candidate.delivery.due_at, subject.now)
    return f"{subject.name} joined{joined}, after it was due ({due_at})"


def _lessons_done(candidate: due.Candidate, subject: Subject) -> str:
    share = subject.shares.get(candidate.delivery.reminder_type, 100)
    enough = "half" if share == 50 else f"{share} %"
    return f"{candidate.note or 'all lessons are done'}{f': {enough} is enough for this one' if share < 100 else ''}"


def _account_deleted(candidate: due.Candidate, subject: Subject) -> str:
    return "the account was deleted"


def _group_inactive(candidate: due.Candidate, subject: Subject) -> str:
    if candidate.delivery.group_id is None:
        return candidate.note or "the cohort is not active"
    return f"{subject.group_name(candidate.delivery.group_id)} is not active, or its cohort is not"


def _note(candidate: due.Candidate, subject: Subject) -> str:
    stay = subject.stays.get(candidate.delivery.group_id or 0)
    message_type = TYPES.get(candidate.delivery.reminder_type)
    if message_type and message_type.by_lessons and stay and stay.course in subject.lessons_unknown:
        return subject.lessons_unknown[stay.course]
    return candidate.note or "it does not apply"


_TEXTS: dict[Verdict, Callable[[due.Candidate, Subject], str]] = {
    "will_send": _will_send,
    "retrying": _retrying,
    "sent": _sent,
    "failed": _failed,
    "not_due_yet": _not_due_yet,
    "before_start": _before_start,
    "expired": _expired,
    "cancelled": _cancelled,
    "disabled": _disabled,
    "opted_out": _opted_out,
    "no_address": _no_address,
    "suppressed": _suppressed,
    "bounced": _bounced,
    "not_a_member": _not_a_member,
    "not_attending": _not_attending,
    "joined_too_late": _joined_too_late,
    "lessons_done": _lessons_done,
    "account_deleted": _account_deleted,
    "group_inactive": _group_inactive,
}


def _on(candidate: due.Candidate, subject: Subject) -> str:
    return f" on {times.local(candidate.sent_at, subject.now)}" if candidate.sent_at else ""


def _progress(candidate: due.Candidate) -> str:
    return f" ({candidate.note} so far)" if candidate.note and "lessons done" in candidate.note else ""


def _moved(candidate: due.Candidate, subject: Subject) -> str:
    """That it is not sent at its own time because the reader would get it at night."""
    moved_from = candidate.delivery.moved_from
    if moved_from is None:
        return ""
    where = "before the night" if candidate.delivery.due_at < moved_from else "to the end of the night"
    return f", moved {where} from {times.local(moved_from, subject.now)} (NOTIFY_QUIET_HOURS)"


def _tries(candidate: due.Candidate) -> str:
    count = candidate.attempts or 1
    return f"{count} attempts" if count > 1 else "1 attempt"
