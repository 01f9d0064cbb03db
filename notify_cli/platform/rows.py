"""Rows of the platform from which no message can be made, or only half of one."""

from __future__ import annotations

from dataclasses import dataclass

from notify_cli import addresses, db, times
from notify_cli.errors import ConfigError
from notify_cli.platform import lookups

_NO_LINK = "its join_url is no web address: messages and invites go out without it"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row, by what it is about and its id, and the reason in words: `meeting`, `12`, `its created_at is infinite`."""

    source: str
    id: str
    reason: str


def unusable(connection: db.Connection) -> list[Unusable]:
    """Such rows, in the views and passed over by them, those with one reason side by side. Raises DatabaseError."""
    found = [Unusable(*row) for row in lookups.rows(connection, "unusable_rows")]
    links = lookups.rows(connection, "meeting_links")
    found += [Unusable("meeting", row.id, _NO_LINK) for row in links if not addresses.is_web(row.join_url)]
    try:
        return found + [Unusable(*row) for row in lookups.rows(connection, "passed_over")]
    except ConfigError:  # views of the platform's own need not tell
        return found


def without_zone(connection: db.Connection) -> int:
    """How many people have a time zone in their row that is none: they read all times in UTC. Raises DatabaseError."""
    typed = lookups.rows(connection, "typed_zones")
    return sum(row.people for row in typed if times.zone_name(row.timezone) is None)
