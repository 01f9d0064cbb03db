"""What an idle sweep costs: it follows the due window, by index, however much has passed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notify_cli import db, due
from notify_cli.due import Policy, Window, statement
from tests.support.postgres import Server, as_user

# Two years of a platform with 400 groups: nothing is due now, much was, and each group meets again next week.
HISTORY = """
    insert into courses (course_name) values ('AI Safety');
    insert into cohorts (cohort_name, course_id) values ('Winter', 1);
    insert into users (nickname, email, discord_id)
        select 'p' || i, 'p' || i || '@example.org', (100000000000000000 + i)::text from generate_series(1, 2000) i;
    insert into groups (group_name, cohort_id, discord_text_channel_id, status)
        select 'g' || i, 1, (900000000000000000 + i)::text, 'active' from generate_series(1, 400) i;
    insert into groups_users (user_id, group_id, joined_at)
        select i, (i - 1) / 5 + 1, now() - interval '700 days' from generate_series(1, 2000) i;
    insert into courses_users (user_id, course_id, cohort_id, created_at)
        select i, 1, 1, now() - interval '700 days' from generate_series(1, 2000) i;
    insert into meetings (group_id, scheduled_time_utc, created_at)
        select i % 400 + 1, now() - i * interval '50 minutes' - interval '1 hour', now() - interval '700 days'
        from generate_series(1, 20000) i;
    insert into meetings (group_id, scheduled_time_utc, created_at)
        select i, now() + interval '5 days', now() - interval '700 days' from generate_series(1, 400) i;
    insert into lesson_sessions (user_id, lesson_id, started_at, completed_at)
        select i % 2000 + 1, 'l' || i % 20, now() - interval '10 days' - i * interval '50 minutes', now()
        from generate_series(1, 20000) i;
    insert into reminders_log (message, reminder_type, delivery_method, delivery_status, sent_at, created_at,
            job_id, notification_key, due_at, useful_until, attempts)
        select 'Hello', 'meeting_reminder_24h', 'email', 'delivered', at, at, job, job || '/x/email/user_1', at, at, 1
        from (select now() - i * interval '50 minutes' as at, format('meeting_%s_reminder_24h', i) as job
            from generate_series(1, 20000) i) as past;
    insert into reminder_recipients_log (reminder_id, user_id) select reminder_id, 1 from reminders_log;
    analyze;
"""
GROWS = ("meetings", "lesson_sessions", "reminders_log", "reminder_recipients_log", "courses_users")


@pytest.fixture(scope="module")
def history(server: Server, ready_template: str) -> Iterator[db.Connection]:
    with server.database(ready_template) as url, db.connect(as_user(url)) as connection:
        connection.execute(HISTORY)
        yield connection


def scans(connection: db.Connection, window: Window, types: list[str] | None = None) -> set[tuple[str, str]]:
    """(kind of scan, table) of everything that this find has really looked at."""
    with connection.transaction(force_rollback=True):
        return {
            (node["Node Type"], node["Relation Name"])
            for node in _nodes(_explained(connection, window, types))
            if node.get("Relation Name") and node["Actual Loops"]
        }


def test_a_sweep_reads_nothing_that_grows_from_end_to_end(history: db.Connection) -> None:
    assert due.find(history, Window(), Policy()) == []
    found = scans(history, Window())
    assert ("Index Scan", "meetings") in found
    assert {table for kind, table in found if kind == "Seq Scan"} & set(GROWS) == set()


@pytest.mark.parametrize("rule", due.rule_names())
def test_each_rule_reads_nothing_that_grows_from_end_to_end(history: db.Connection, rule: str) -> None:
    assert {table for kind, table in scans(history, Window(), [rule]) if kind == "Seq Scan"} & set(GROWS) == set()


def test_what_has_been_sent_is_looked_up_by_its_key(history: db.Connection) -> None:
    with history.transaction(force_rollback=True):
        history.execute("update meetings set scheduled_time_utc = now() + interval '20 hours' where meeting_id < 2000")
        assert len(due.find(history, Window(), Policy(), types=["meeting_reminder_24h"])) > 1000
        found = scans(history, Window(), ["meeting_reminder_24h"])
    assert ("Index Scan", "reminders_log") in found
    assert ("Seq Scan", "reminders_log") not in found


def test_no_sweep_is_worth_compiling_and_a_callers_transaction_does_not_notice(
    history: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: list[Any] = []
    each = db.each

    def watched(connection: db.Connection, sql: str, params: dict[str, Any] | None = None) -> Iterator[Any]:
        settings.append(connection.execute("show jit").fetchone())
        return each(connection, sql, params)

    monkeypatch.setattr(db, "each", watched)
    with history.transaction():
        due.find(history, Window(), Policy())
        assert history.execute("show jit").fetchone() == ("on",)
    assert settings == [("off",)]


def _explained(connection: db.Connection, window: Window, types: list[str] | None) -> dict[str, Any]:
    """The plan of the very statement that `find` runs, taken with all that it does around it."""
    plans: list[dict[str, Any]] = []
    wanted = None if types is None else tuple(types)
    params = due._parameters(window, Policy(), wanted, {}) | {"verdicts": list(due.GOES_OUT), "free_only": True}
    (row,) = db.rows(connection, f"explain (analyze, format json) {statement.find(wanted)}", params)
    plans += row[0]
    return dict(plans[0]["Plan"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
