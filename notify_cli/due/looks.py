"""Which calendars to look at: the first half of the rule behind calendar_update and calendar_cancel.

Groups in which nothing changed are told from the others in SQL (calendars/changed.sql), by sums of integers. Nearly
always there is no other, so what looks at their members (due/calendars.py) is loaded only when there is.
"""

from __future__ import annotations

from collections.abc import Collection

from notify_cli import calendars, db
from notify_cli.calendars import View
from notify_cli.due import statement
from notify_cli.due.policy import Policy
from notify_cli.due.sightings import Look
from notify_cli.due.window import Window
from notify_cli.registry import ASSIGNED, CANCEL, UPDATE


def look(
    connection: db.Connection,
    window: Window,
    policy: Policy,
    types: Collection[str] | None = None,
    *,
    explains: bool = False,
) -> Look:
    """What is to be known of members' calendars for `due.find`.

    `explains` tells also of calendars that are as they should be, where people or groups are named. Raises
    DatabaseError, and ConfigError for views that do not fit.
    """
    wanted = {ASSIGNED, UPDATE, CANCEL} - set(() if explains else policy.disabled)
    if window.meeting_ids is not None or (types is not None and not wanted & set(types)) or not wanted:
        return Look()
    named = window.user_ids is not None or window.group_ids is not None
    view = View(window.now, policy.rehearsal, policy.meeting_minutes)
    with db.errors(), connection.transaction(force_rollback=True):
        db.execute(connection, statement.NO_JIT)
        asked = _asked(connection, window, view)
        if not asked:
            return Look()
        from notify_cli.due import calendars as rule

        return rule.examine(connection, asked, policy, rule.Looking(view, window.user_ids, named, explains and named))


def note(connection: db.Connection, looked: Look, policy: Policy) -> None:
    """Put down what was found of calendars, so that the next sweep need not look at it again. Raises DatabaseError."""
    if looked.rows or looked.cleared:
        from notify_cli.calendars import table

        table.note(connection, looked.rows, rehearsal=policy.rehearsal)
        table.write(connection, looked.cleared)


def _asked(connection: db.Connection, window: Window, view: View) -> Collection[int]:
    """The groups to look at."""
    if window.group_ids is not None:
        return window.group_ids
    if window.user_ids is not None:
        return calendars.groups_of(connection, window.user_ids)
    return calendars.changed(connection, view)
