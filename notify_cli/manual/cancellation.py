"""Cancelling jobs by their ids: stored ones and those that the rules would make, for as long as they are not sent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from notify_cli import db, due, keys, log
from notify_cli.delivery import Job
from notify_cli.due import Policy, Window
from notify_cli.errors import ArgumentError
from notify_cli.log import history
from notify_cli.registry import TYPES

_NEVER = datetime.min.replace(tzinfo=UTC)


class Jobs(list[Job]):
    """Jobs, and in `faults` why some could not be judged: what is wrong with a course file, a line each.

    `reach` are the recipients of each, as things are: once for each message that is to go out.
    """

    faults: tuple[str, ...] = ()
    reach: Mapping[Job, Sequence[str]] = MappingProxyType({})

    @property
    def messages(self) -> int:
        """How many messages are to go out."""
        return sum(map(len, self.reach.values()))

    @property
    def recipients(self) -> int:
        """To how many people and channels."""
        return len({recipient for found in self.reach.values() for recipient in found})


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
    return sorted(one.job for one in history.cancelled_jobs(connection, _checked(pattern), rehearsal=rehearsal))


def cancel(
    connection: db.Connection, pattern: str, policy: Policy, *, now: datetime | None = None, counted: bool = False
) -> Jobs:
    """Cancel what a pattern matches, and return it; what is cancelled already is not cancelled again.

    `counted`: with whom it would have reached.
    """
    found = open_jobs(connection, pattern, policy, now=now)
    if counted:
        found.reach = _reach(connection, found, pattern, policy)
    if found:
        log.cancel(connection, found, pattern)
    return found


def would_cancel(connection: db.Connection, pattern: str, policy: Policy) -> Jobs:
    """What `cancel` would cancel, counted; nothing is written."""
    found = open_jobs(connection, pattern, policy)
    found.reach = _reach(connection, found, pattern, policy)
    return found


def undo(connection: db.Connection, pattern: str, policy: Policy, *, dry_run: bool = False) -> Jobs:
    """Restore what the last cancellation by this very pattern cancelled, and return it, with whom it reaches now.

    Where there was none by it, every cancelled job that it matches. A dry run leaves all as it is. Raises
    ArgumentError, DatabaseError.
    """
    found = Jobs(sorted(one.job for one in _last(connection, pattern, rehearsal=policy.rehearsal)))
    if not found:
        return found
    with db.errors(), connection.transaction(force_rollback=dry_run):
        log.restore(connection, found)
        found.reach = _reach(connection, found, pattern, policy)
    return found


def sent_already(connection: db.Connection, pattern: str, *, rehearsal: bool = False) -> history.Sent:
    """What was sent of the jobs that a pattern matches. Raises ArgumentError, DatabaseError."""
    return history.sent(connection, _checked(pattern), rehearsal=rehearsal)


def nearest(connection: db.Connection, pattern: str, policy: Policy, *, undo: bool = False) -> str:
    """The job id of those that can be cancelled, or restored, that is most like a pattern that matches none; or ''.

    It has the same numbers: with another it is a job of other people or of another meeting.
    """
    from difflib import get_close_matches  # only ever needed beside a mistake

    everything = (
        cancelled_jobs(connection, "*", rehearsal=policy.rehearsal) if undo else open_jobs(connection, "*", policy)
    )
    numbers = re.findall(r"[0-9]+", pattern)
    alike = {job.job_id for job in everything if re.findall(r"[0-9]+", job.job_id) == numbers}
    near = get_close_matches(pattern, sorted(alike), n=1, cutoff=0.7)
    return near[0] if near else ""


def _last(connection: db.Connection, pattern: str, *, rehearsal: bool) -> list[history.Cancelled]:
    """The cancelled jobs that an undo of this pattern restores."""
    found = history.cancelled_jobs(connection, _checked(pattern), rehearsal=rehearsal)
    by_it = [one for one in found if one.pattern == pattern and one.command and one.cancelled_at]
    if not by_it:
        return found
    last = max(by_it, key=lambda one: one.cancelled_at or _NEVER)
    return [one for one in by_it if one.command == last.command]


def _reach(connection: db.Connection, jobs: Sequence[Job], pattern: str, policy: Policy) -> dict[Job, list[str]]:
    """The recipients of what is to go out of these jobs, as things are; of rows stored under them too."""
    if not jobs:
        return {}
    window = Window(within=due.EVER, **keys.window_of(pattern))
    reach: dict[Job, list[str]] = {job: [] for job in jobs}
    for candidate in due.find(connection, window, policy, verdicts=due.TO_COME, free_only=False):
        one = candidate.delivery
        if one.job in reach:
            reach[one.job].append(one.recipient)
    return reach


def _finished(judged: Iterable[due.Candidate]) -> set[str]:
    """The jobs that are due at present and have nothing more to send, by their cancellation keys."""
    verdicts: dict[Job, set[str]] = defaultdict(set)
    for candidate in judged:
        verdicts[candidate.delivery.job].add(candidate.verdict)
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
