"""Job ids: the names under which deliveries go out once, and by which people cancel them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from notify_cli.errors import ArgumentError

# The jobs of the rules; a test holds them against what the rules say themselves.
_OF_RULES = {
    "welcome": "user_{user_id}_welcome",
    "group_assigned": "group_{group_id}_assigned",
    "meeting_reminder_24h": "meeting_{meeting_id}_reminder_24h",
    "meeting_reminder_1h": "meeting_{meeting_id}_reminder_1h",
    "lesson_nudge_3d": "meeting_{meeting_id}_lesson_nudge_3d",
    "lesson_nudge_1d": "meeting_{meeting_id}_lesson_nudge_1d",
    "trial_nudge": "trial_{session_id}_nudge",
}
# Made from what a member's calendar holds, so nobody can ask for them.
SWEEP_ONLY = ("calendar_update", "calendar_cancel")

NEEDS_MEETING = frozenset(rule for rule, job in _OF_RULES.items() if "{meeting_id}" in job)
NEEDS_GROUP = frozenset(rule for rule, job in _OF_RULES.items() if "{group_id}" in job)
NEEDS_SESSION = frozenset(rule for rule, job in _OF_RULES.items() if "{session_id}" in job)

ANY_TIME = "-"

_LONGEST = 200
_MEETING_RULES = re.compile("|".join(_OF_RULES[rule].replace("{meeting_id}", r"\d+") for rule in sorted(NEEDS_MEETING)))


def of(
    reminder_type: str, *, user_id: int | None, group_id: int | None, meeting_id: int | None, session_id: int | None
) -> str:
    """The job id that the rule of this type uses; `send_{type}` where there is no rule."""
    form = _OF_RULES.get(reminder_type, f"send_{reminder_type}")
    return form.format(user_id=user_id, group_id=group_id, meeting_id=meeting_id, session_id=session_id)


def occurrence(job_id: str, *, starts_at: datetime | None, joined_at: datetime | None) -> str:
    """What tells one time from another within a job, as the rules have it: the meeting's start, the time of joining."""
    if _MEETING_RULES.fullmatch(job_id) and starts_at is not None:
        return _stamp(starts_at)
    if re.fullmatch(r"group_\d+_assigned", job_id) and joined_at is not None:
        return _stamp(joined_at)
    return ANY_TIME


def meeting_of(job_id: str) -> int | None:
    """The meeting that a job id names."""
    return _named(r"meeting_(\d{1,9})_.+", job_id)


def group_of(job_id: str) -> int | None:
    """The group that a job id names."""
    return _named(r"group_(\d{1,9})_.+", job_id)


def window_of(pattern: str) -> dict[str, Any]:
    """What a `due.Window` can be narrowed to for a pattern: cancelling one meeting need not look at all others."""
    found = re.match(r"(user|group|meeting)_(\d{1,9})_", pattern)
    return {f"{found.group(1)}_ids": [int(found.group(2))]} if found else {}


def matcher(pattern: str) -> re.Pattern[str]:
    """A glob over job ids, `*` for any characters and `?` for one, all else literal; for `fullmatch`."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern))


def checked(job_id: str) -> str:
    """The job id, if it can be one. Raises ArgumentError."""
    if not isinstance(job_id, str) or not re.fullmatch(r"[A-Za-z0-9_.:@-]+", job_id) or len(job_id) > _LONGEST:
        raise ArgumentError(
            f"{job_id!r} cannot be a job id: use letters, digits and _ . : @ -, at most {_LONGEST} of them"
        )
    return job_id


def _named(form: str, job_id: str) -> int | None:
    found = re.fullmatch(form, job_id)
    return int(found.group(1)) if found else None


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
