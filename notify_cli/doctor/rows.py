"""The checks of single rows: one that cannot be used costs its own message, and is named here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from notify_cli import db, sql
from notify_cli.check import Check, fine, remark
from notify_cli.messages import escape
from notify_cli.platform import groups, rows

_SQL = sql.Folder(__file__)
_SHOWN = 5  # of many rows with one fault


def usable(connection: db.Connection) -> Iterator[Check]:
    """Whether there are rows that no message can be made from, each by its id. Raises DatabaseError, ConfigError."""
    found = [*rows.unusable(connection), *_nameless(connection), *db.rows(connection, _SQL("damaged"))]
    for (source, reason), alike in groupby(found, lambda row: (row.source, row.reason)):
        ids = [row.id for row in alike]
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        yield remark(
            "rows", f"{source} {', '.join(ids[:_SHOWN])}{more}: {reason}", "correct it in the platform's table"
        )
    if not found:
        yield fine("rows", "all can be used")


def _nameless(connection: db.Connection) -> Iterator[rows.Unusable]:
    """Groups in whose name nobody sees anything."""
    for group_id, name in groups.odd_names(connection).items():
        if escape.is_blank(name):
            yield rows.Unusable("group", str(group_id), 'the name is empty: messages say "your study group"')


def zones(connection: db.Connection) -> Iterator[Check]:
    """Whether people have time zones that are none. Raises DatabaseError, ConfigError."""
    count = rows.without_zone(connection)
    if count:
        told = "1 person has" if count == 1 else f"{count} people have"
        yield remark("time zones", f"{told} one that is unknown: their times are told in UTC", "correct users.timezone")


def meeting(connection: db.Connection) -> Iterator[Check]:
    """Whether active groups meet at all. Raises DatabaseError, ConfigError."""
    count = groups.idle(connection)
    if count:
        told = "1 active group has" if count == 1 else f"{count} active groups have"
        yield remark("groups", f"{told} no meeting to come", "enter their meetings, or close the groups")
