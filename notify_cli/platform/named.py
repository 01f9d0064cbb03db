"""Who and what is meant by what somebody typed: one look-up and one sentence for each kind, for every command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from notify_cli import db
from notify_cli.delivery import LARGEST_ID
from notify_cli.errors import ConfigError, UsageError
from notify_cli.platform import lookups, meetings, people, row_security

_A_FEW = 5  # candidates that a line names
_TAKES = {
    "user": "--user takes an id, an email address, a Discord id or a name",
    "group": "--group takes an id or a name",
    "cohort": "--cohort takes an id or, where the view notify.enrolments has the column cohort_name, a name",
}


def user(connection: db.Connection, said: str) -> int:
    """The id of the person whose id, email address, Discord id or name this is; capitals do not matter.

    Also of one without an account any more, where the id has left traces. Raises UsageError for nobody, or for several,
    who are listed; ConfigError where nobody can be seen; DatabaseError.
    """
    user_id = _id(said)
    found = lookups.rows(connection, "named_people", said=said, id=user_id)
    if not any(row.is_meant for row in found):
        if user_id is not None and people.left_traces(connection, user_id):
            return user_id
        if (hidden := row_security.hides_all_people(connection)) is not None:
            raise ConfigError(f"{hidden.words}: {hidden.mend}")
    chosen: int = _one("user", said, found).user_id
    return chosen


def users(connection: db.Connection, said: Iterable[str]) -> tuple[int, ...]:
    """The ids of several, each once; raises as `user`, with all faults."""
    return _each(user, connection, said)


def group(connection: db.Connection, said: str) -> int:
    """The id of the group whose id, Discord channel or name this is; raises as `user`."""
    chosen: int = _one("group", said, lookups.rows(connection, "named_groups", said=said, id=_id(said))).group_id
    return chosen


def groups(connection: db.Connection, said: Iterable[str]) -> tuple[int, ...]:
    """The ids of several, each once; raises as `user`, with all faults."""
    return _each(group, connection, said)


def cohorts(connection: db.Connection, said: Iterable[str]) -> tuple[int, ...]:
    """The ids of the cohorts whose ids or names these are, each once; raises as `user`, with all faults."""

    def cohort(connection: db.Connection, one: str) -> int:
        chosen: int = _one("cohort", one, lookups.rows(connection, "named_cohorts", said=one, id=_id(one))).cohort_id
        return chosen

    return _each(cohort, connection, said)


def meeting(connection: db.Connection, meeting_id: int) -> int:
    """The id itself. Raises UsageError where there is no such meeting, DatabaseError."""
    if meetings.find(connection, meeting_id) is None:
        told = "notify upcoming --all names the jobs, with the meetings' ids"
        raise UsageError(f"there is no meeting {meeting_id}: {told}")
    return meeting_id


def beginning(connection: db.Connection, kind: str, text: str) -> list[str]:
    """Names of this kind (user, group or cohort) that begin with a text; addresses too. Raises DatabaseError."""
    literal = re.sub(r"([\\%_])", r"\\\1", text)
    found = lookups.rows(connection, "names_offered", kind=kind, said=text, beginning=f"{literal}%")
    return [row.text for row in found]


def _each(look_up: Any, connection: db.Connection, said: Iterable[str]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    faults: list[str] = []
    for one in said:
        try:
            found[look_up(connection, one)] = None
        except UsageError as error:
            faults += error.lines
    if faults:
        raise UsageError(*faults)
    return tuple(found)


def _one(kind: str, said: str, found: Sequence[Any]) -> Any:
    """The one row that is meant: one whose id it is goes before all others."""
    meant = [row for row in found if row.is_id] or [row for row in found if row.is_meant]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise UsageError(f"{said!r} is the name of several: {_listed(kind, meant)}: give the id of the one you mean")
    near = f"did you mean {_listed(kind, found)}?" if found else _TAKES[kind]
    raise UsageError(f"there is no {kind} {said if said.isdecimal() else repr(said)}: {near}")


def _listed(kind: str, rows: Sequence[Any]) -> str:
    told = [_called(kind, row) for row in rows[:_A_FEW]]
    return ", ".join(told) + (f" and {len(rows) - _A_FEW} more" if len(rows) > _A_FEW else "")


def _called(kind: str, row: Any) -> str:
    """`Alice (user_1, alice@example.org)`, `Otters (group_1, of AI Safety, not active)`."""
    number = getattr(row, f"{kind}_id")
    about = [f"{kind}_{number}"]
    if kind == "user":
        about += [row.email] if row.email else []
    else:
        about += [f"of {row.course}"] if row.course else []
        about += [] if row.active else ["not active"]
    return f"{row.name} ({', '.join(about)})"


def _id(said: str) -> int | None:
    return int(said) if re.fullmatch(r"[0-9]{1,19}", said) and 1 <= int(said) <= LARGEST_ID else None
