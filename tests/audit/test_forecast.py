"""What an edited messages file would change, before it goes live."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli.errors import EXIT_CONFIG, EXIT_FINDINGS, EXIT_OK, EXIT_USAGE
from tests.support.paths import MESSAGES
from tests.support.shell import Shell
from tests.support.terminal import Result
from tests.support.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    people = world.platform.people("alice", "bob")
    world.platform.meeting(world.platform.group("Otters", members=people), world.now + 100 * HOUR)
    return Shell(world, monkeypatch, capsys)


def forecast(
    shell: Shell, tmp_path: Path, *edits: tuple[str, str], more: str = "", args: tuple[str, ...] = ()
) -> Result:
    text = MESSAGES.read_text(encoding="utf-8")
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    path = tmp_path / "edited.yaml"
    path.write_text(text + more, encoding="utf-8")
    return shell("forecast", "--messages", path, "--json", *args)


def test_the_same_file_makes_no_difference(shell: Shell, tmp_path: Path) -> None:
    ran = forecast(shell, tmp_path)
    assert (ran.code, ran.json) == (EXIT_OK, {"added": [], "removed": [], "changed": [], "by_type": {}})
    assert "No difference" in shell("forecast", "--messages", tmp_path / "edited.yaml").out


def test_another_text_is_shown_before_and_after_with_who_gets_it(shell: Shell, tmp_path: Path) -> None:
    ran = forecast(shell, tmp_path, ("Reminder: {group_name} meeting {day}", "See you {day}"))
    assert ran.code == EXIT_FINDINGS
    assert (ran.json["added"], ran.json["removed"]) == ([], [])
    [change] = ran.json["changed"]
    assert change == {
        "reminder_type": "meeting_reminder_24h",
        "part": "email_subject",
        "before": "Reminder: {group_name} meeting {day}",
        "after": "See you {day}",
        "people": 2,
    }
    assert ran.json["by_type"] == {"meeting_reminder_24h": {"added": 0, "removed": 0, "changed": 1}}
    out = shell("forecast", "--messages", tmp_path / "edited.yaml").out
    assert "- Reminder: {group_name} meeting {day}" in out
    assert "+ See you {day}" in out


def test_another_time_is_fewer_and_more(shell: Shell, tmp_path: Path) -> None:
    ran = forecast(shell, tmp_path, ("when: 24 hours before", "when: 23 hours before"))
    assert len(ran.json["added"]) == len(ran.json["removed"]) == 3
    assert ran.json["by_type"]["meeting_reminder_24h"] == {"added": 3, "removed": 3, "changed": 0}


def test_a_new_message_is_more_as_far_as_one_looks_ahead(shell: Shell, tmp_path: Path) -> None:
    more = """
meeting_followup:
  send: {when: 2 hours after the meeting, until: 2 days after the meeting}
  email_subject: How was it?
  email_body: Hi {name}!
"""
    ran = forecast(shell, tmp_path, more=more)
    assert {(one["reminder_type"], one["recipient"]) for one in ran.json["added"]} == {
        ("meeting_followup", "user_1"),
        ("meeting_followup", "user_2"),
    }
    assert ran.json["removed"] == []
    assert forecast(shell, tmp_path, more=more, args=("--within", "4d")).code == EXIT_OK


def test_a_phrase_counts_too(shell: Shell, tmp_path: Path) -> None:
    [change] = forecast(shell, tmp_path, ("day_today: today", "day_today: this very day")).json["changed"]
    assert (change["reminder_type"], change["part"]) == ("phrases", "day_today")


def test_the_file_in_another_language_is_compared_for_those_who_read_it(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    world.connection.execute("alter table users add column locale text")
    world.connection.execute("update users set locale = 'de_DE' where user_id = 1")
    german = MESSAGES.with_name("messages.de.yaml").read_text(encoding="utf-8")
    edited = german.replace("Erinnerung: {group_name} trifft sich {day}", "Bis {day}", 1)
    assert edited != german
    (tmp_path / "edited.de.yaml").write_text(edited.replace("day_today: heute", "day_today: noch heute"), "utf-8")
    english = ("Reminder: {group_name} meeting {day}", "See you {day}")
    told = forecast(shell, tmp_path, english).json["changed"]
    assert [(one["reminder_type"], one["part"], one["after"], one["people"]) for one in told] == [
        ("meeting_reminder_24h", "email_subject", "See you {day}", 1),
        ("meeting_reminder_24h", "email_subject (de)", "Bis {day}", 1),
        ("phrases", "day_today (de)", "noch heute", 0),
    ]


def test_files_in_other_languages_that_are_not_beside_the_edited_one_stay(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    world.connection.execute("alter table users add column locale text")
    world.connection.execute("update users set locale = 'de'")
    [change] = forecast(shell, tmp_path, ("Reminder: {group_name} meeting {day}", "See you {day}")).json["changed"]
    assert (change["part"], change["people"]) == ("email_subject", 0)


def test_a_file_with_faults_is_told_all_of_them(shell: Shell, tmp_path: Path) -> None:
    ran = forecast(shell, tmp_path, ("{group_name} meeting {day}", "{group_nam} meeting {day}"))
    assert (ran.code, ran.out) == (EXIT_CONFIG, "")
    assert "group_nam" in ran.err
    assert shell("forecast", "--messages", tmp_path / "none.yaml").code == EXIT_USAGE


def test_nothing_is_written(world: World, shell: Shell, tmp_path: Path) -> None:
    forecast(shell, tmp_path, ("when: 24 hours before", "when: 23 hours before"))
    assert world.log() == []
    assert world.connection.execute("select count(*) from notify.timing").fetchone() == (0,)
