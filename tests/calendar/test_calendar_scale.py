"""Looking after many calendars takes work that grows with their number, not with its square."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notify_cli import calendars as held
from notify_cli import db, due, sql
from notify_cli.calendars import View, table
from notify_cli.due import Policy, Window
from notify_cli.platform import schema
from tests.support.postgres import Server, as_user

MEMBERS = 2000

# Groups of five that meet four times more; everybody holds the invite, in two versions.
CALENDARS = """
    insert into courses (course_name) values ('AI Safety');
    insert into cohorts (cohort_name, course_id) values ('Winter', 1);
    insert into users (nickname, email) select 'p' || i, 'p' || i || '@example.org' from generate_series(1, 2000) i;
    insert into groups (group_name, cohort_id, discord_text_channel_id, status)
        select 'g' || i, 1, '900', 'active' from generate_series(1, 400) i;
    insert into groups_users (user_id, group_id, joined_at)
        select i, (i - 1) / 5 + 1, now() - interval '30 days' from generate_series(1, 2000) i;
    insert into meetings (group_id, scheduled_time_utc, created_at)
        select i, date_trunc('second', now()) + week * interval '168 hours', now() - interval '60 days'
        from generate_series(1, 400) i, generate_series(1, 4) week;
    insert into reminders_log (message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
            context)
        select '', 'calendar_update', 'email', 'delivered', job, format('%s/seq%s/email/user_%s', job, seq, user_id),
            jsonb_build_object('calendar', jsonb_build_object(
                'uid', format('group-%s-user-%s@example.org', group_id, user_id),
                'series', format('group_%s/user_%s', group_id, user_id), 'method', 'REQUEST', 'sequence', seq,
                'address', format('p%s@example.org', user_id), 'occurrences', occurrences,
                'until', to_char((now() + interval '40 days') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')))
        from groups_users
        join (
            select group_id, format('group_%s_calendar', group_id) as job, jsonb_agg(jsonb_build_object(
                'starts_at', to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
                'seconds', 3600, 'join_url', null)) as occurrences
            from notify.meetings
            group by group_id
        ) as meeting using (group_id)
        cross join generate_series(1, 2) seq;
    insert into reminder_recipients_log (reminder_id, user_id)
        select reminder_id, split_part(notification_key, '_', 4)::int from reminders_log;
"""
CHANGES = {
    "nothing": "select",
    "all meetings moved": "update meetings set scheduled_time_utc = scheduled_time_utc + interval '1 hour'",
    "all groups ended": "update groups set status = 'completed'",
    "everybody left": "update groups_users set status = 'dropped', left_at = now()",
}
DUE = {
    "nothing": set(),
    "all meetings moved": {"calendar_update"},
    "all groups ended": {"calendar_cancel"},
    "everybody left": {"calendar_cancel"},
}


@pytest.fixture(scope="module", params=["with", "without"])
def calendars(request: pytest.FixtureRequest, server: Server, ready_template: str) -> Iterator[db.Connection]:
    """With and without statistics: a young database has none."""
    with server.database(ready_template) as url, db.connect(as_user(url)) as connection:
        connection.execute(CALENDARS)
        # As on the day of an upgrade: what calendars hold is in the log.
        schema.create(connection)
        if request.param == "with":
            connection.execute("analyze")
        yield connection


@pytest.mark.parametrize("change", CHANGES)
def test_the_work_grows_with_the_number_of_calendars_not_with_its_square(calendars: db.Connection, change: str) -> None:
    with calendars.transaction(force_rollback=True):
        calendars.execute(CHANGES[change].encode())
        types = ["calendar_cancel", "calendar_update"]
        found = due.find(calendars, Window(), Policy(), types=types)
        busiest = max(_explained(calendars), key=_rows)

    assert len(found) == (MEMBERS if DUE[change] else 0)
    assert {candidate.delivery.reminder_type for candidate in found} == DUE[change]
    assert _rows(busiest) < 100 * MEMBERS, busiest["Node Type"]


def test_what_the_log_held_is_taken_over_in_its_newest_version(calendars: db.Connection) -> None:
    sql = "select count(*), min(sequence), max(sequence), min(cardinality(starts)) from notify.calendars"
    assert calendars.execute(sql).fetchone() == (MEMBERS, 2, 2, 4)


def _rows(node: dict[str, Any]) -> float:
    """The rows that a node gave or threw away, in all its loops."""
    thrown = sum(node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Join Filter"))
    return float(node["Actual Loops"] * (node["Actual Rows"] + thrown))


def _explained(connection: db.Connection) -> list[dict[str, Any]]:
    """The nodes of the plans of the rule's two statements, with what they did."""
    view = View(None)
    groups = held.changed(connection, view)
    of_view = {"now": None, "rehearsal": False, "mark": "", "meeting_minutes": 60}
    asked = {**of_view, "group_ids": groups, "user_ids": None}
    found: list[dict[str, Any]] = []
    statements = sql.Folder(held.__file__)
    members = sql.with_constants(statements("members"), table._constants())
    for statement, parameters in ((statements("changed"), of_view), (members, asked)):
        rows = db.rows(connection, "explain (analyze, format json) " + statement, parameters)
        found += _nodes(rows[0][0][0]["Plan"])
    return found


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
