"""Look-ups about people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from notify_cli import db
from notify_cli.model import Person
from notify_cli.platform import lookups


def by_id(connection: db.Connection, user_ids: Iterable[int]) -> dict[int, Person]:
    """Those of these people who have an account, by user_id. Raises DatabaseError."""
    found = lookups.rows(connection, "people", user_ids=sorted(set(user_ids)))
    return {row.user_id: Person(**row._asdict()) for row in found}


def left_traces(connection: db.Connection, user_id: int) -> bool:
    """Whether somebody is or was in a group or a course, began a lesson or got a message: also without an account."""
    return bool(lookups.rows(connection, "traces", user_id=user_id)[0].found)


def by_address(connection: db.Connection, emails: Iterable[str]) -> dict[int, str]:
    """Those who have one of these email addresses, by user_id, each with it as they have it. Raises DatabaseError."""
    return {row.user_id: row.email for row in lookups.rows(connection, "addressees", emails=list(emails))}


class Unreached(NamedTuple):
    """How many members of active groups have neither an address that takes email nor Discord.

    And how many people have an address to which the email provider does not deliver any more.
    """

    unreachable: int
    suppressed: int


def unreached(connection: db.Connection) -> Unreached:
    """How many people no message reaches, or no email. Raises DatabaseError."""
    return Unreached(*lookups.rows(connection, "unreached")[0])
