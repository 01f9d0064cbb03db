"""Job ids, occurrences and notification keys: how they are made, and what they say when they are read.

A delivery goes out once under its notification key, `{job_id}/{occurrence}/{method}/{recipient}`; people cancel by job
id, which is `{subject}_{id}_{job}` for what a rule makes. due/row.sql and due/verdict.sql make the same in SQL; a test
holds the two together.

The keys of a rehearsal (NOTIFY_OUTBOX, or a redirect) end in `~rehearsal`: its rows stand in the same log, and for
every other run they are not there. log/own.sql tells the two apart in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, get_args

from notify_cli.errors import ArgumentError
from notify_cli.registry import TYPES, MessageType, Subject

ANY_TIME = "-"  # the occurrence of what happens once
REHEARSAL = "~rehearsal"  # the end of every key that a rehearsal makes

_LONGEST = 200  # characters of a job id
_DIGITS = 8  # of the digest in the job id of a message by hand
_STAMP = "%Y%m%dT%H%M%SZ"
_JOB = re.compile(rf"({'|'.join(get_args(Subject))})_([0-9]{{1,18}})_(.+)")
_CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """A job id of the form that rules use, taken apart: `meeting_5_reminder_1h`."""

    subject: str
    id: int
    job: str

    @property
    def message_type(self) -> MessageType | None:
        """The type whose rule makes this job; None for a job of somebody's own, or one that several types share."""
        found = [one for one in TYPES.values() if (one.subject, one.job) == (self.subject, self.job)]
        return found[0] if len(found) == 1 else None

    def about(self, subject: Subject) -> int | None:
        """The id, if it is that of a user, a group, a meeting or a trial session."""
        return self.id if self.subject == subject else None


class Making(Protocol):
    """What makes job ids: a message type, as the registry or a `send` line has it."""

    @property
    def subject(self) -> str: ...
    @property
    def job(self) -> str: ...


class Parts(NamedTuple):
    """A notification key taken apart. `method` and `recipient` are empty in the key of a cancellation."""

    job_id: str
    occurrence: str
    method: str
    recipient: str


def job_id(message_type: Making, subject_id: int) -> str:
    """The job id that the rule of a type uses, for the id of its subject."""
    return f"{message_type.subject}_{subject_id}_{message_type.job}"


def by_hand(reminder_type: str, given: Mapping[str, str]) -> str:
    """The job id of a message that no rule makes: `send_announcement_5891b5b5`, by what its sender has `given`.

    So one text goes to a person once, and another text is another message.
    """
    import hashlib  # here: an idle run has no use for it
    import json

    digest = hashlib.sha256(json.dumps(dict(given), sort_keys=True).encode()).hexdigest()
    return f"send_{reminder_type}_{digest[:_DIGITS]}"


def job_about(
    reminder_type: str,
    ids: Mapping[Subject, int | None],
    message_type: MessageType | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """The job id under which a message goes out that is about these: that of its rule, where it has one and the id.

    `message_type` is what a type is that the messages file declares, `given` what the sender of any other gives.
    """
    message_type = message_type or TYPES.get(reminder_type)
    subject_id = ids.get(message_type.subject) if message_type else None
    return job_id(message_type, subject_id) if message_type and subject_id else by_hand(reminder_type, given or {})


def parse(job_id: str) -> Job | None:
    """A job id taken apart, if it has the form of those that rules use."""
    found = _JOB.fullmatch(job_id)
    return Job(found.group(1), int(found.group(2)), found.group(3)) if found else None


def named(job_id: str | None, subject: Subject) -> int | None:
    """The id of the user, group, meeting or trial session that a job id names; None if it names another, or nothing."""
    job = parse(job_id) if job_id else None
    return job.about(subject) if job else None


def occurrence(
    job_id: str, *, starts_at: datetime | None, joined_at: datetime | None, message_type: MessageType | None = None
) -> str:
    """What tells one time from another within a job, as its rule has it: the meeting's start, the time of joining."""
    job = parse(job_id)
    found = (job.message_type or message_type) if job else None
    at = {"start": starts_at, "joining": joined_at}.get(found.occurrence) if found else None
    return ANY_TIME if at is None else stamp(at)


def stamp(at: datetime) -> str:
    """An aware time as an occurrence: in UTC, to the second."""
    return f"{at.astimezone(UTC):{_STAMP}}"


def time_of(occurrence: str) -> datetime | None:
    """The inverse of `stamp`, also for what was sent again by force (`...+a1b2c3d4`); None for another occurrence."""
    try:
        return datetime.strptime(occurrence.partition("+")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def version(sequence: int, series: int = 0) -> str:
    """The occurrence of a version of a calendar: `seq3`, or `seq3.1` of a second series (they are counted from 0)."""
    return f"seq{sequence}.{series}" if series else f"seq{sequence}"


def version_of(occurrence: str) -> tuple[int, int] | None:
    """The SEQUENCE and the series of the calendar that an occurrence names; None for another occurrence."""
    found = re.fullmatch(r"seq([0-9]{1,9})(?:\.([0-9]{1,4}))?", occurrence)
    return (int(found.group(1)), int(found.group(2) or 0)) if found else None


def recipient(user_id: int | None, group_id: int | None) -> str:
    """`user_12`, or `group_7` for a post, which has no single reader."""
    return f"group_{group_id}" if user_id is None else f"user_{user_id}"


def notification_key(job_id: str, occurrence: str, method: str, recipient: str, *, rehearsal: bool = False) -> str:
    """The identity under which a delivery goes out once."""
    return f"{job_id}/{occurrence}/{method}/{recipient}{mark(rehearsal)}"


def cancellation_key(job_id: str, occurrence: str, *, rehearsal: bool = False) -> str:
    """The key of the row that keeps a job from going out, for everybody."""
    return f"{job_id}/{occurrence}/{_CANCELLED}{mark(rehearsal)}"


def mark(rehearsal: bool) -> str:
    """What the keys of a run end in: nothing, unless it is a rehearsal."""
    return REHEARSAL if rehearsal else ""


def is_rehearsal(notification_key: str | None) -> bool:
    """Whether a row of the log, by its key, is a rehearsal's."""
    return notification_key is not None and notification_key.endswith(REHEARSAL)


def split(notification_key: str) -> Parts:
    """A notification key taken apart, without the mark of a rehearsal."""
    plain = notification_key.removesuffix(REHEARSAL)
    job_id, occurrence, method, recipient = (*plain.split("/", 3), "", "", "")[:4]
    return Parts(job_id, occurrence, "" if method == _CANCELLED else method, recipient)


def group_and_user(notification_key: str) -> tuple[int, int] | None:
    """The ids of the group and of the reader of a personal message about a group; None for another message."""
    found = re.fullmatch(r"group_([0-9]{1,18})_[^/]*/.*/user_([0-9]{1,18})(?:~.*)?", notification_key)
    return (int(found.group(1)), int(found.group(2))) if found else None


def window_of(pattern: str) -> dict[str, Any]:
    """What a `due.Window` can be narrowed to for a pattern: cancelling one meeting need not look at all others."""
    found = re.match(r"(user|group|meeting)_([0-9]{1,18})_", pattern)
    return {f"{found.group(1)}_ids": [int(found.group(2))]} if found else {}


def matcher(pattern: str) -> re.Pattern[str]:
    """A glob over job ids, `*` for any characters and `?` for one, all else literal; for `fullmatch`.

    What stands between two stars is found at its first place and never tried at another (an atomic group, as in the
    standard library's fnmatch): the time grows with the length of the two, however many stars there are.
    """
    first, *others = ["".join("." if char == "?" else re.escape(char) for char in part) for part in _between(pattern)]
    if not others:
        return re.compile(first, re.DOTALL)
    return re.compile(first + "".join(f"(?>.*?{part})" for part in others[:-1]) + f".*{others[-1]}", re.DOTALL)


def like(pattern: str) -> str:
    """The same glob as a LIKE pattern of SQL."""
    literal = re.sub(r"([\\%_])", r"\\\1", re.sub(r"\*+", "*", pattern))
    return literal.replace("*", "%").replace("?", "_")


def _between(pattern: str) -> list[str]:
    """The pieces of a glob between its stars."""
    return re.split(r"\*+", pattern)


def all_of_subject(job_id: str) -> str:
    """The pattern for all jobs of the user, group or meeting that a job id is about; empty where it is about none."""
    job = parse(job_id)
    return f"{job.subject}_{job.id}_*" if job else ""


def checked(job_id: str) -> str:
    """The job id, if it can be one. Raises ArgumentError."""
    if not isinstance(job_id, str) or not re.fullmatch(r"[A-Za-z0-9_.:@-]+", job_id) or len(job_id) > _LONGEST:
        raise ArgumentError(
            f"{job_id!r} cannot be a job id: use letters, digits and _ . : @ -, at most {_LONGEST} of them"
        )
    return job_id
