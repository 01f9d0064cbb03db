"""What an explanation rests on: the candidates that the rules themselves judge, and what the log knows beyond them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from notify_cli import db, due, keys
from notify_cli.delivery import Delivery, Verdict
from notify_cli.explain.subject import Subject
from notify_cli.log import history
from notify_cli.registry import Method

LogRow = dict[str, Any]

# How far back meetings, and messages sent by hand, are looked at.
LOOK_BACK = timedelta(days=30)

_VERDICTS: dict[str, Verdict] = {
    "delivered": "sent",
    "failed": "failed",
    "bounced": "bounced",
    "cancelled": "cancelled",
    "expired": "expired",
}
_HAPPENING: tuple[Verdict, ...] = ("will_send", "retrying", "sent", "failed", "not_due_yet", "cancelled")


@dataclass(frozen=True, slots=True)
class Evidence:
    """`mine` are the deliveries to the person, `posts` those to the channels of their groups, with their verdicts.

    `former` are deliveries for the time that a meeting once had, by rule and job. `rehearsed` says when rehearsals sent
    something, by the notification key without their mark; empty in a rehearsal. `instead` are the types of what was
    sent by hand under the notification key of another type.
    """

    mine: list[due.Candidate]
    posts: dict[tuple[str, str], due.Candidate]
    former: dict[tuple[str, str], LogRow]
    rehearsed: dict[str, datetime]
    instead: dict[str, str]


def about_meetings(rule: str, policy: due.Policy) -> bool:
    """Whether a type is about a meeting, so that each meeting has a verdict of its own."""
    found = policy.timing().types.get(rule)
    return found is not None and found.subject == "meeting"


def gather(connection: db.Connection, subject: Subject, policy: due.Policy, now: datetime | None) -> Evidence:
    """Everything that is known about messages to a person. `now` None is the database's clock. Raises DatabaseError."""
    every = [row for row in history.entries(connection, user_id=subject.user_id) if row["notification_key"]]
    log = [row for row in every if keys.is_rehearsal(row["notification_key"]) is policy.rehearsal]
    found = _candidates(connection, subject, policy, now, log)
    mine = [c for c in found if c.delivery.user_id == subject.user_id]
    mine += _beyond_the_rules(log, mine, subject, policy)
    if subject.asked_for is not None:
        mine = [c for c in mine if c.delivery.meeting_id == subject.asked_for]
    return Evidence(
        mine=_without_idle_trials(mine),
        posts={(c.delivery.reminder_type, c.delivery.job_id): c for c in found if c.delivery.user_id is None},
        former=_former(log, mine),
        rehearsed={} if policy.rehearsal else _rehearsed(every),
        instead=_instead(log, mine),
    )


def _candidates(
    connection: db.Connection, subject: Subject, policy: due.Policy, now: datetime | None, log: Sequence[LogRow]
) -> list[due.Candidate]:
    asked, me = subject.asked_for, [subject.user_id]
    concerned = subject.stays.keys() | subject.visited.keys()
    groups = sorted(concerned | {group for row in log if (group := keys.named(row["job_id"], "group"))})
    recent = due.Window(now, due.EVER, LOOK_BACK if asked is None else due.EVER)
    recent = replace(recent, meeting_ids=None if asked is None else [asked])

    def find(rules: Iterable[str], window: due.Window) -> list[due.Candidate]:
        return due.find(connection, window, policy, types=list(rules), verdicts=None, free_only=False)

    # By what they narrow their search to. Only all members' candidates have the posts among them.
    types = policy.timing().types.values()
    of_meetings = [one for one in types if one.subject == "meeting"]
    with_post, others_of_meetings = ([one.name for one in of_meetings if one.has_post is has] for has in (True, False))
    of_groups = [one.name for one in types if one.subject == "group"]
    of_people = [one.name for one in types if one.subject not in ("meeting", "group")]
    found: list[due.Candidate] = []
    if groups:
        found += find(with_post, replace(recent, group_ids=groups))
        found += find(others_of_meetings, replace(recent, group_ids=groups, user_ids=me))
    if asked is None:
        ever = replace(recent, since=due.EVER, user_ids=me)
        found += find(of_groups, replace(ever, group_ids=groups)) if groups else []
        found += find(of_people, ever)
    # A stored message may be of any type, even a rule's.
    if stored := {row["reminder_type"] for row in log if row["status"] == "pending"}:
        found += find(stored, replace(recent, since=timedelta(0), user_ids=me))
    return list({c.delivery.notification_key: c for c in found}.values())


def _beyond_the_rules(
    log: Sequence[LogRow], found: Sequence[due.Candidate], subject: Subject, policy: due.Policy
) -> list[due.Candidate]:
    """Messages sent by hand, and those of jobs that the tables do not give any more."""
    covered = {(c.delivery.reminder_type, c.delivery.job_id) for c in found}
    last: dict[tuple[str, str, str], due.Candidate] = {}
    for row in log:
        rule, job_id = row["reminder_type"], row["job_id"]
        at = row["sent_at"] or row["due_at"]
        if at is None or (rule, job_id) in covered:
            continue
        lasting = rule in due.rule_names(policy) and not about_meetings(rule, policy)
        if lasting or at > subject.now - LOOK_BACK or subject.asked_for is not None:
            # of several versions of a job, such as a calendar's, the last one counts
            last[rule, job_id, row["method"]] = _candidate(row, at)
    return list(last.values())


def _candidate(row: LogRow, at: datetime) -> due.Candidate:
    delivery = Delivery(
        job_id=row["job_id"],
        occurrence=keys.split(row["notification_key"]).occurrence,
        reminder_type=row["reminder_type"],
        method=Method(row["method"]),
        user_id=row["user_id"],
        group_id=keys.named(row["job_id"], "group"),
        meeting_id=keys.named(row["job_id"], "meeting"),
        due_at=row["due_at"] or at,
        useful_until=row["useful_until"] or at,
        rehearsal=keys.is_rehearsal(row["notification_key"]),
    )
    verdict = _VERDICTS.get(row["status"], "not_applicable")
    note = "it was being tried, and is not due any more" if verdict == "not_applicable" else None
    return due.Candidate(delivery, verdict, note, row["attempts"], row["sent_at"], row["error"], None, None)


def _former(log: Sequence[LogRow], mine: Sequence[due.Candidate]) -> dict[tuple[str, str], LogRow]:
    present = {(c.delivery.job_id, c.delivery.occurrence) for c in mine}
    former: dict[tuple[str, str], LogRow] = {}
    for row in log:
        job_id, occurrence, *_ = keys.split(row["notification_key"])
        of_meeting = keys.named(job_id, "meeting") and keys.time_of(occurrence)
        if row["sent_at"] and of_meeting and (job_id, occurrence) not in present:
            former[row["reminder_type"], job_id] = row
    return former


def _instead(log: Sequence[LogRow], mine: Sequence[due.Candidate]) -> dict[str, str]:
    sent = {row["notification_key"]: row["reminder_type"] for row in log if row["sent_at"]}
    keyed = {(one.delivery.notification_key, one.delivery.reminder_type) for one in mine}
    return {key: sent[key] for key, rule in keyed if sent.get(key, rule) != rule}


def _rehearsed(every: Sequence[LogRow]) -> dict[str, datetime]:
    return {
        row["notification_key"].removesuffix(keys.REHEARSAL): row["sent_at"]
        for row in every
        if row["sent_at"] and keys.is_rehearsal(row["notification_key"])
    }


def _without_idle_trials(found: Sequence[due.Candidate]) -> list[due.Candidate]:
    """Every lesson a learner opens is a session of its own: where none leads to a nudge, the last speaks for all."""
    trials = [c for c in found if c.delivery.reminder_type == "trial_nudge"]
    idle = [c for c in trials if c.verdict not in _HAPPENING]
    spokesman = max((c.delivery.due_at, c.delivery.job_id) for c in idle)[1] if len(idle) == len(trials) > 0 else None
    return [c for c in found if c not in idle or c.delivery.job_id == spokesman]
