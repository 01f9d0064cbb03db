"""Rows of the platform from which no message can be made, or only half of one."""

from __future__ import annotations

from dataclasses import dataclass

from notify_cli import db
from notify_cli.errors import ConfigError
from notify_cli.platform import lookups


@dataclass(frozen=True, slots=True)
class Unusable:
    """A row, by what it is about and its id, and the reason in words: `meeting`, `12`, `its created_at is infinite`."""

    source: str
    id: str
    reason: str


def unusable(connection: db.Connection) -> list[Unusable]:
    """Such rows, in the views and passed over by them, those with one reason side by side. Raises DatabaseError."""
    found = [Unusable(*row) for row in lookups.rows(connection, "unusable_rows")]
    try:
        return found + [Unusable(*row) for row in lookups.rows(connection, "passed_over")]
    except ConfigError:  # views of the platform's own need not tell
        return found
