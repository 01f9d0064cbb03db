"""What a rule's file must give: every column of row.sql by its name and type, wherever it stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import due, keys, sql
from notify_cli.due import Policy, Window, statement
from notify_cli.errors import ConfigError
from notify_cli.registry import TIMED, TYPES, Method
from tests.support.paths import PACKAGE
from tests.support.platform import Platform

RULES = PACKAGE / "due" / "rules"
LATER = timedelta(minutes=1)
# The rule about calendars is due/calendars.py; one rule with times is for types that staff declare alone.
WITH_A_FILE = {one.rule for one in TYPES.values() if not one.sweep_only} | set(TIMED)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The rules' files as a copy that a test may change."""
    package = RULES.parent.parent
    for path in package.rglob("*.sql"):
        copy = tmp_path / path.relative_to(package)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    monkeypatch.setattr(statement, "_RULES", sql.Folder(str(tmp_path / "due" / "statement.py"), "rules"))
    for cached in (statement.find, statement.jobs, statement.rule):
        cached.cache_clear()
    yield tmp_path / "due" / "rules"
    for cached in (statement.find, statement.jobs, statement.rule):
        cached.cache_clear()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


def alice_is_welcomed(draft: Platform) -> list[str]:
    alice = draft.person("alice")
    draft.enrolment(alice, at=draft.now)
    window = Window(now=draft.now + LATER, user_ids=[alice])
    return [c.delivery.notification_key for c in due.find(draft.connection, window, Policy())]


def test_every_type_has_a_rule_and_every_rule_a_type() -> None:
    assert {path.stem for path in RULES.glob("*.sql")} == WITH_A_FILE


def test_the_order_of_a_rules_columns_does_not_matter(rules: Path, draft: Platform) -> None:
    shipped = [line.strip() for line in (RULES / "signup.sql").read_text().splitlines()]
    first, second = "first.enrolled_at + t.due as due_at,", "first.enrolled_at + t.until as useful_until,"
    assert shipped.index(first) == shipped.index(second) - 1
    edit(rules / "signup.sql", f"    {first}\n    {second}\n", f"    {second}\n    {first}\n")
    found = alice_is_welcomed(draft)
    assert {keys.split(key).method for key in found} == {"email", "discord_dm"}
    window = Window(now=draft.now + timedelta(hours=71), since=timedelta(0))
    assert {c.verdict for c in due.find(draft.connection, window, Policy(), types=["welcome"])} == {"will_send"}


@pytest.mark.parametrize("name", sorted(WITH_A_FILE))
def test_a_column_that_a_rule_lacks_is_named(name: str, rules: Path, draft: Platform) -> None:
    path = rules / f"{name}.sql"
    path.write_text(re.sub(r"\bas note\b", "as remark", path.read_text()))
    with pytest.raises(ConfigError, match=f"due/rules/{name}.sql names no column note"):
        due.find(draft.connection, Window(), Policy())


def test_two_columns_that_were_swapped_by_name_are_an_error_of_that_rule(rules: Path, draft: Platform) -> None:
    edit(rules / "signup.sql", "    recent.user_id,\n", "    first.enrolled_at as user_id,\n")
    edit(rules / "signup.sql", "first.enrolled_at + t.due as due_at", "recent.user_id as due_at")
    with pytest.raises(ConfigError, match=r"due/rules/signup\.sql: .*cannot cast type"):
        due.find(draft.connection, Window(), Policy())


def test_a_view_that_lacks_a_column_is_no_fault_of_a_rule(draft: Platform) -> None:
    draft.connection.execute("drop view notify.lesson_sessions")
    draft.connection.execute("create view notify.lesson_sessions as select 1 as session_id")
    with pytest.raises(ConfigError, match="run notify init-db"):
        due.find(draft.connection, Window(), Policy())


def test_keys_made_in_sql_are_the_keys_made_in_python(draft: Platform) -> None:
    """The same grammar stands in row.sql and verdict.sql and in keys.py."""
    alice = draft.person("alice")
    draft.enrolment(alice, at=draft.now)
    group = draft.group("Otters", members=[alice])
    for hours in (1, 24, 72):
        draft.meeting(group, draft.now + timedelta(hours=hours))
    draft.session(draft.person("bob"), "intro", started_at=draft.now - timedelta(hours=25))
    window = Window(now=draft.now, within=due.EVER, since=due.EVER)
    found = due.find(draft.connection, window, Policy(), verdicts=None, free_only=False)
    seen = set()
    for delivery in (candidate.delivery for candidate in found):
        job = keys.parse(delivery.job_id)
        message_type = TYPES[delivery.reminder_type]
        seen.add(delivery.reminder_type)
        assert job is not None
        assert job.message_type == message_type
        assert keys.job_id(message_type, job.id) == delivery.job_id
        ids = {"user": delivery.user_id, "group": delivery.group_id, "meeting": delivery.meeting_id, "trial": job.id}
        assert job.id == ids[message_type.subject]
        at = keys.time_of(delivery.occurrence)
        assert at is None or keys.stamp(at) == delivery.occurrence
        whole = keys.split(delivery.notification_key)
        assert whole == (delivery.job_id, delivery.occurrence, delivery.method.value, delivery.recipient)
        assert Method(whole.method) in message_type.methods
    assert seen == {name for name, one in TYPES.items() if not one.sweep_only}
