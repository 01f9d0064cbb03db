"""How far a fault reaches: its own section, and what the writer is told about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.messages import Catalog
from tests.support.paths import MESSAGES
from tests.support.shell import Shell
from tests.support.world import World

SHIPPED = MESSAGES.read_text(encoding="utf-8")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the shipped file with one edit."""
    assert SHIPPED.count(old) >= 1, old
    path = tmp_path / "messages.yaml"
    path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    return path


def held_up(catalog: Catalog) -> set[str]:
    """The sections that would not be sent."""
    return {
        name
        for name in catalog.sections
        if any(found.severity == "error" for found in messages.check_section(catalog, name))
    }


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_shipped_file_passes_without_a_remark() -> None:
    assert [str(found) for found in messages.check(messages.load(MESSAGES))] == []


@pytest.mark.parametrize(
    ("old", "new", "section"),
    [
        ("  email_subject: Finish your trial", "  email_subjct: Finish your trial", "trial_nudge"),
        ("  discord: |\n    Hey {name}!", "  discord: [a]\n  discord: |\n    Hey {name}!", "trial_nudge"),
        ('"Reminder: {group_name} meeting', "“Reminder: {group_name} meeting", "meeting_reminder_24h"),
        ("trial_nudge:\n  email_subject: Fin", "trial_nudge:\n  email_subject: 'Fin", "trial_nudge"),
        ("trial_nudge:\n  email_subject", "trial_nudge:\n\temail_subject", "trial_nudge"),
        ("trial_nudge:\n  email_subject", "trial_nudge:\n<<<<<<< HEAD\n  email_subject", "trial_nudge"),
        ("trial_nudge:\n  email_subject: Finish", "trial_nudge:\n  email_subject: *Finish", "trial_nudge"),
        ("trial_nudge:\n", "trial_nudge: {\n", "trial_nudge"),
        ("\ntrial_nudge:\n", "\nwelcome:\n  discord: hi\n\ntrial_nudge:\n", "welcome"),
    ],
)
def test_a_fault_holds_up_its_own_section_only(tmp_path: Path, old: str, new: str, section: str) -> None:
    catalog = messages.load(edited(tmp_path, old, new))
    assert held_up(catalog) == {section}
    assert {found.section for found in messages.check(catalog) if found.severity == "error"} == {section}


def test_what_is_due_of_other_sections_goes_out(world: World, tmp_path: Path) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    bob = world.platform.person("bob")
    world.meeting_in(world.platform.group("Otters", members=[bob]), hours=0.9)
    path = edited(tmp_path, "  email_subject: Welcome to", "  email_subjct: Welcome to")

    done = world.sweep(world.settings(NOTIFY_MESSAGES=str(path)))

    assert world.inboxes() == ["bob@example.org"]
    assert (done.exit_code, done.left) == (78, 2)
    assert [line.split(": ")[0] for line in done.faults] == [f"messages.yaml:{line_of(path, 'email_subjct')}"]
    assert not [key for key in world.statuses() if "welcome" in key]
    path.write_text(SHIPPED, encoding="utf-8")
    assert world.sweep(world.settings(NOTIFY_MESSAGES=str(path))).delivered == 2


def test_a_preview_is_held_up_by_its_own_section_only(shell: Shell, tmp_path: Path) -> None:
    path = edited(tmp_path, "  email_subject: Finish your trial", "  email_subjct: Finish your trial")
    assert shell("preview", "welcome", NOTIFY_MESSAGES=str(path)).code == 0
    done = shell("preview", "trial_nudge", NOTIFY_MESSAGES=str(path))
    assert (done.code, "did you mean email_subject?" in done.err) == (78, True)


def test_curly_quotes_are_told_from_straight_ones(tmp_path: Path) -> None:
    path = edited(tmp_path, 'email_subject: "Reminder: {group_name}', "email_subject: “Reminder: {group_name}")
    [fault] = messages.load(path).faults
    assert fault.line == line_of(path, "“Reminder")
    assert 'must be straight ones (") and not “' in fault.text


@pytest.mark.parametrize("bar", ["  email_body:\n", "  email_body: Hi,\n"])
def test_a_missing_bar_is_told_where_it_is_missing(tmp_path: Path, bar: str) -> None:
    """The parser stumbles only over the colon, lines below."""
    path = tmp_path / "messages.yaml"
    path.write_text(f"a:\n  email_subject: a\n{bar}    Hi {{name}},\n\n    Questions: reply.\n", encoding="utf-8")
    [fault] = messages.load(path).faults
    assert fault.line == 3
    assert "a text of several lines starts with |" in fault.text


def test_the_check_tells_both_layers_at_once(tmp_path: Path) -> None:
    path = edited(tmp_path, "    Welcome {name}!", "    Welcome {nmae}!")
    path.write_text(path.read_text().replace("  email_subject: Finish", "  email_subjct: Finish"), encoding="utf-8")
    found = [found.text for found in messages.check(messages.load(path)) if found.severity == "error"]
    assert len(found) == 2
    assert "unknown variable {nmae}" in found[0]
    assert "unknown part email_subjct" in found[1]
