"""Cancelling jobs by their ids: stored ones and those that the rules would make, for as long as they are not sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from notify_cli import db, due, keys, log
from notify_cli.delivery import Job
from notify_cli.due import Policy, Window
from notify_cli.errors import ArgumentError
from notify_cli.log import history
from notify_cli.registry import TYPES


class Jobs(list[Job]):
    """Jobs, and in `faults` why some could not be judged: what is wrong with a course file, a line each."""

    faults: tuple[str, ...] = ()


def open_jobs(connection: db.Connection, pattern: str, policy: Policy, *, now: datetime | None = None) -> Jobs:
    """The jobs that a pattern matches and that have something left to send to anybody, in order.

    A pattern is a glob over job ids: `*` is any characters, `?` any one. Raises ArgumentError, DatabaseError.
    """
    matches = keys.matcher(_checked(pattern)).fullmatch
    narrow = keys.window_of(pattern)
    ahead = Window(now=now, within=due.EVER, **narrow)
    of_rules = [Job(*found, policy.rehearsal) for found in due.jobs(connection, ahead, policy) if matches(found[0])]
    stored = history.stored_jobs(connection, pattern, rehearsal=policy.rehearsal, now=now)
    stored_at = {job.cancellation_key: at for job, at in stored.items()}
    judged = due.find(connection, Window(now=now, **narrow), policy, verdicts=None, free_only=False)
    finished = _finished(judged)
    found = {job.cancellation_key: job for job in of_rules if job.cancellation_key not in finished}
    found |= {job.cancellation_key: job for job in stored}
    cancelled = history.known(connection, list(found), now=now)
    jobs = Jobs(sorted(job for key, job in found.items() if _is_open(stored_at.get(key), cancelled.get(key))))
    jobs.faults = judged.faults
    return jobs


def cancelled_jobs(connection: db.Connection, pattern: str, *, rehearsal: bool = False) -> list[Job]:
    """The jobs that a pattern matches and that were cancelled, in order. Raises ArgumentError, DatabaseError."""
    return sorted(history.cancelled_jobs(connection, _checked(pattern), rehearsal=rehearsal))


def cancel(connection: db.Connection, pattern: str, policy: Policy, *, now: datetime | None = None) -> Jobs:
    """Cancel what a pattern matches, and return it; what is cancelled already is not cancelled again."""
    found = open_jobs(connection, pattern, policy, now=now)
    if found:
        log.cancel(connection, found, f"cancelled by the pattern {pattern}")
    return found


def undo(connection: db.Connection, pattern: str, *, rehearsal: bool = False) -> list[Job]:
    """Restore the cancelled jobs that a pattern matches, and return them."""
    found = cancelled_jobs(connection, pattern, rehearsal=rehearsal)
    if found:
        log.restore(connection, found)
    return found


def nearest(connection: db.Connection, pattern: str, policy: Policy, *, undo: bool = False) -> str:
    """The job id of those that can be cancelled, or restored, that is most like a pattern that matches none; or ''."""
    from difflib import get_close_matches  # only ever needed beside a mistake

    everything = (
        cancelled_jobs(connection, "*", rehearsal=policy.rehearsal) if undo else open_jobs(connection, "*", policy)
    )
    near = get_close_matches(pattern, sorted({job.job_id for job in everything}), n=1, cutoff=0.7)
    return near[0] if near else ""


def _finished(judged: Iterable[due.Candidate]) -> set[str]:
    """The jobs that are due at present and have nothing more to send, by their cancellation keys."""
    verdicts: dict[Job, set[str]] = defaultdict(set)
    for candidate in judged:
        delivery = candidate.delivery
        job = Job(delivery.job_id, delivery.occurrence, delivery.reminder_type, delivery.rehearsal)
        verdicts[job].add(candidate.verdict)
    return {
        job.cancellation_key
        for job, found in verdicts.items()
        if not found & set(due.GOES_OUT) and ("sent" in found or _is_endless(job))
    }


def _is_endless(job: Job) -> bool:
    """Whether it goes on for as long as the group, as an update of calendars does: only one that is due now is open."""
    return job.reminder_type in TYPES and TYPES[job.reminder_type].occurrence == "sequence"


def _is_open(stored_at: datetime | None, cancelled: history.Known | None) -> bool:
    """Not cancelled, or stored anew since."""
    if cancelled is None or cancelled.created_at is None:
        return cancelled is None
    return stored_at is not None and stored_at > cancelled.created_at


def _checked(pattern: str) -> str:
    if not isinstance(pattern, str) or not pattern.strip():
        raise ArgumentError("the pattern is empty: give a job id, or one with * in it such as meeting_456_*")
    if "/" in pattern:
        raise ArgumentError(f"{pattern!r} matches nothing: a pattern is for job ids, which have no slash")
    return pattern
