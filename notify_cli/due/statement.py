"""The statement that finds who is due: the rules of the types asked for, side by side, in the frame of verdict.sql."""

from __future__ import annotations

import json
from functools import cache

from notify_cli import sql
from notify_cli.registry import TYPES, MessageType, Method

STORED = "stored"  # the source of messages that staff or the platform stored for later
CALENDARS = "calendars"  # that of what due/calendars.py found

# The server would compile so long a statement by its estimates, which takes longer than running it.
NO_JIT = "set local jit = off"

_SQL = sql.Folder(__file__)
_RULES = sql.Folder(__file__, "rules")

# What verdict.sql takes of each candidate: of the rules (row.sql), of stored messages, of proposed ones.
_CANDIDATE = (
    *("job_id", "occurrence", "reminder_type", "methods", "user_id", "group_id", "meeting_id"),
    *("due_at", "useful_until", "joined_at", "active", "exclusion", "note", "outlives_group", "by_rule"),
    "can_wait",
)
_COLUMNS = ", ".join(_CANDIDATE)


@cache
def find(types: tuple[str, ...] | None, *, quiet: bool = False) -> str:
    """Every candidate of these types with its verdict; None for all types. `quiet`: there are quiet hours."""
    return _framed(_side_by_side(types), "quiet_moment" if quiet else "moment")


@cache
def jobs() -> str:
    """Every job of all types, also those without anybody to send to as yet."""
    return _SQL("jobs").replace("/* rules */", _side_by_side(None))


@cache
def judge() -> str:
    """The verdict of messages that somebody is about to send or to store."""
    return _framed(_named(_SQL("proposed")), "moment")


@cache
def rule(name: str) -> str:
    """What the rule of a type finds, as candidates. Raises OSError when it has no file."""
    message_type = TYPES[name]
    if message_type.sweep_only:
        found = _named(_SQL(CALENDARS))
        return sql.with_constants(f"{found} where reminder_type = :'reminder_type'", {"reminder_type": name})
    row = _SQL("row").replace("/* rule */", _RULES(name))
    return _named(sql.with_constants(row, _constants(message_type)))


@cache
def ways() -> str:
    """The methods of the registry as verdict.sql needs them, JSON: {method: {address, preference, post}}."""
    return json.dumps(
        {
            method.value: {"address": method.way.address, "preference": method.way.preference, "post": method.way.post}
            for method in Method
        }
    )


def _framed(candidates: str, moment: str) -> str:
    return _SQL("verdict").replace("/* rules */", candidates).replace("/* moment */", _SQL(moment))


def _side_by_side(types: tuple[str, ...] | None) -> str:
    parts = [rule(name) for name in TYPES if types is None or name in types]
    parts.append(f"{_named(_SQL(STORED))} where %(types)s::text[] is null or reminder_type = any(%(types)s)")
    return "\nunion all\n".join(f"({part})" for part in parts)


def _named(candidates: str) -> str:
    """The columns of a candidate by their names, since `union all` goes by their order."""
    return f"select {_COLUMNS} from ({candidates}) as named"  # noqa: S608 - statements of this program


def _constants(message_type: MessageType) -> dict[str, str]:
    return {
        "reminder_type": message_type.name,
        "subject": message_type.subject,
        "job": message_type.job,
        "methods": "{" + ",".join(method.value for method in message_type.methods) + "}",
        "outlives_group": str(message_type.outlives_group).lower(),
    }
