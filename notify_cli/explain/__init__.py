"""Why somebody got a message, or did not: the verdicts of the rules themselves, merged and put into words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from notify_cli import db, due, keys
from notify_cli.delivery import Verdict
from notify_cli.due import Policy
from notify_cli.errors import UsageError
from notify_cli.explain import evidence, words
from notify_cli.explain.evidence import Evidence
from notify_cli.explain.evidence import about_meetings as about_meetings
from notify_cli.explain.subject import Subject, look_up
from notify_cli.registry import TYPES

# If the channels of one message differ, the first of these verdicts is the message's: what still happens, then what has
# happened, then what somebody decided, then what is missing; last those that are the same for every channel.
VERDICTS: tuple[Verdict, ...] = (
    *("will_send", "retrying"),
    *("sent", "bounced", "failed", "not_due_yet", "cancelled", "absorbed", "before_start", "expired", "disabled"),
    *("opted_out", "no_address", "suppressed"),
    *("not_attending", "joined_too_late", "lessons_done", "not_a_member"),
    *("group_inactive", "account_deleted", "not_applicable"),
)
_ORDER = tuple(TYPES)

# Verdicts whose reason is a mere date: what holds for one meeting holds for the next in its turn.
_ROUTINE: tuple[Verdict, ...] = (
    "not_due_yet",
    "before_start",
    "expired",
    "joined_too_late",
    "opted_out",
    "no_address",
    "suppressed",
)
_NOT_CONCERNED: tuple[Verdict, ...] = ("not_a_member", "account_deleted", "group_inactive")


@dataclass(frozen=True, slots=True)
class Entry:
    """The verdict of one rule about a person and, where the rule is about such, one meeting, group or stored job.

    `starts_at` is the meeting's start. `reason` is a sentence, its times in the zone of this host; `is_routine` where
    there is nothing more to it than its dates.
    """

    rule: str
    verdict: Verdict
    reason: str
    due_at: datetime | None = None
    meeting_id: int | None = None
    group_id: int | None = None
    starts_at: datetime | None = None
    is_routine: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """All verdicts about one person, in the order in which they are read; `faults` are those of course files."""

    subject: Subject
    entries: tuple[Entry, ...]
    faults: tuple[str, ...] = ()


def explain(
    connection: db.Connection,
    policy: Policy,
    user_id: int,
    *,
    meeting_id: int | None = None,
    now: datetime | None = None,
) -> Explanation:
    """The verdict of every rule about a person; with `meeting_id` of the rules about meetings, for that one.

    `now` None is the database's clock. Raises UsageError for a person or meeting that nobody knows, DatabaseError,
    ConfigError.
    """
    subject = look_up(connection, policy, user_id, meeting_id, now)
    found = evidence.gather(connection, subject, policy, now)
    if meeting_id is not None and subject.meeting is None and not found.mine:
        raise UsageError(f"there is no meeting {meeting_id}: notify upcoming names the jobs of those to come")
    entries = [_entry(message, found, subject) for message in _messages(found.mine)]
    entries += _absent({entry.rule for entry in entries}, subject, policy)
    faults = (*policy.timing().faults, *policy.faults())
    return Explanation(subject, tuple(sorted(entries, key=_place)), faults)


def _messages(candidates: Iterable[due.Candidate]) -> list[list[due.Candidate]]:
    """The candidates that are one message over several channels."""
    messages: dict[tuple[str, str, int | None], list[due.Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: c.delivery.method.value, reverse=True):
        delivery = candidate.delivery
        messages.setdefault((delivery.reminder_type, delivery.job_id, delivery.meeting_id), []).append(candidate)
    return list(messages.values())


def _entry(message: Sequence[due.Candidate], found: Evidence, subject: Subject) -> Entry:
    message = sorted(message, key=lambda c: (_rank(c), c.delivery.method.value != "email"))
    delivery = message[0].delivery
    told = [words.reason(message, subject)]
    job = (delivery.reminder_type, delivery.job_id)
    post = found.posts.get(job)
    if post and post.sent_at and message[0].verdict not in _NOT_CONCERNED:
        told.append(words.post(post, subject))
    others = {found.instead[key] for one in message if (key := one.delivery.notification_key) in found.instead}
    told += [words.instead(other) for other in sorted(others - {delivery.reminder_type})]
    rehearsed = [at for one in message if (at := found.rehearsed.get(one.delivery.notification_key))]
    if rehearsed:
        told.append(words.rehearsed(max(rehearsed), subject))
    if job in found.former:
        told.append(words.former(found.former[job], subject))
    return Entry(
        rule=delivery.reminder_type,
        verdict=message[0].verdict,
        reason="; ".join(told),
        due_at=min(candidate.delivery.due_at for candidate in message),
        meeting_id=delivery.meeting_id,
        group_id=delivery.group_id,
        starts_at=keys.time_of(delivery.occurrence) if delivery.meeting_id else None,
        is_routine=len(told) == 1 and all(c.verdict in _ROUTINE and not c.attempts for c in message),
    )


def _absent(present: set[str], subject: Subject, policy: Policy) -> list[Entry]:
    """An entry for each rule that has no candidate."""
    meeting = subject.meeting
    entries: list[Entry] = []
    for rule in due.rule_names(policy):
        if rule in present or (subject.asked_for is not None and not about_meetings(rule, policy)):
            continue
        verdict: Verdict
        if not subject.reachable:
            verdict, reason = "account_deleted", "the account was deleted"
        elif meeting and meeting.group_id not in subject.stays.keys() | subject.visited.keys():
            verdict, reason = "not_a_member", f"{subject.name} has never been in {meeting.group_name}"
        else:
            verdict, reason = "not_applicable", words.absent(rule, subject)
        group_id, starts_at = (meeting.group_id, meeting.starts_at) if meeting else (None, None)
        entries.append(Entry(rule, verdict, reason, None, subject.asked_for, group_id, starts_at))
    return entries


def _rank(candidate: due.Candidate) -> int:
    return VERDICTS.index(candidate.verdict) if candidate.verdict in VERDICTS else len(VERDICTS)


def _place(entry: Entry) -> tuple[bool, datetime, int, int, datetime, str]:
    """What is about no meeting first, then the meetings in the order of time."""
    never = datetime.min.replace(tzinfo=UTC)
    rule = _ORDER.index(entry.rule) if entry.rule in _ORDER else len(_ORDER)
    start = entry.starts_at or never
    return entry.meeting_id is not None, start, entry.meeting_id or 0, rule, entry.due_at or never, entry.rule
