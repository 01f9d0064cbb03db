"""The statement that finds who is due: the rules of the types asked for, side by side, in the frame of verdict.sql."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import cache

from notify_cli import sql
from notify_cli.registry import CALENDARS, TIMED, TYPES, Method

STORED = "stored"  # the source of messages that staff or the platform stored for later

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
def find(types: tuple[str, ...] | None, *, quiet: bool = False, absorbing: bool = False, past: bool = False) -> str:
    """Every candidate of these types with its verdict; None for all types.

    `quiet`: there are quiet hours. `absorbing`: some type has the content of another. `past`: each is judged as of its
    time, by what is dated in the tables, whatever the log says of it.
    """
    moment, judged = "quiet_moment" if quiet else "moment", "absorbing" if absorbing else "as_judged"
    return _framed(_side_by_side(types, past), moment, judged, past)


@cache
def jobs() -> str:
    """Every job of all types, also those without anybody to send to as yet."""
    return _SQL("jobs").replace("/* rules */", _side_by_side(None))


@cache
def judge() -> str:
    """The verdict of messages that somebody is about to send or to store."""
    return _framed(_named(_SQL("proposed")), "moment", "as_judged")


@cache
def rule(name: str, past: bool = False) -> str:
    """What a rule finds for its types, as candidates. Raises OSError when it has no file."""
    if name == CALENDARS:
        return _named(_SQL(CALENDARS))
    row = _SQL("row").replace("/* rule */", _RULES(name))
    return _named(_in_tense(sql.with_constants(row, {"rule": name}), past))


def rules(types: Collection[str] | None) -> list[str]:
    """The rules of these types; None for all. A type that only the messages file knows has one of those with times."""
    if types is None:
        found = [*TIMED, *(one.rule for one in TYPES.values())]
    else:
        found = [TYPES[name].rule for name in types if name in TYPES]
        found += TIMED if any(name not in TYPES for name in types) else ()
    return sorted(set(found))


@cache
def ways() -> str:
    """The methods of the registry as verdict.sql needs them, JSON: {method: {address, preference, post}}."""
    return json.dumps(
        {
            method.value: {"address": method.way.address, "preference": method.way.preference, "post": method.way.post}
            for method in Method
        }
    )


def _framed(candidates: str, moment: str, judged: str, past: bool = False) -> str:
    framed = _SQL("verdict").replace("/* moment */", _SQL(moment)).replace("/* judged */", _SQL(judged))
    return _in_tense(framed, past).replace("/* rules */", candidates)


def _in_tense(text: str, past: bool) -> str:
    """A statement with one of each two readings: `/* now */ ... /* then: ... */`.

    The second is for the past, as of the first minute in which a sweep could have sent the message and there was none.
    """
    return re.sub(r"/\* now \*/(.*?)/\* then:(.*?)\*/", r"\2" if past else r"\1", text, flags=re.DOTALL)


def _side_by_side(types: tuple[str, ...] | None, past: bool = False) -> str:
    named = rules(types)
    parts = [rule(name, past) for name in named if name != CALENDARS]
    # The other rules find the types that they are given, these all.
    others = [*([rule(CALENDARS)] if CALENDARS in named else []), _named(_SQL(STORED))]
    parts += [f"{part} where %(types)s::text[] is null or reminder_type = any(%(types)s)" for part in others]
    return "\nunion all\n".join(f"({part})" for part in parts)


def _named(candidates: str) -> str:
    """The columns of a candidate by their names, since `union all` goes by their order."""
    return f"select {_COLUMNS} from ({candidates}) as named"  # noqa: S608 - statements of this program
