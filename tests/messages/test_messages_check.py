"""What `check` finds in the texts of a messages file."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.errors import UsageError
from notify_cli.messages import Finding

PHRASES = "phrases:\n  lesson_list_done: a\n  lesson_list_unknown: b\n  member_names_alone: c\n  meeting_time_none: d\n"


def findings(tmp_path: Path, source: str, name: str = "hello") -> list[Finding]:
    path = tmp_path / "messages.yaml"
    path.write_text(source + PHRASES, encoding="utf-8")
    return messages.check_section(messages.load(path), name)


def only(tmp_path: Path, source: str, name: str = "hello") -> str:
    found = findings(tmp_path, source, name)
    assert len(found) == 1, [str(finding) for finding in found]
    return str(found[0])


def test_it_accepts_placeholders_plurals_and_literal_braces(tmp_path: Path) -> None:
    source = "hello:\n  discord: |\n    {name} {lessons_remaining:lesson|lessons} {{name}} {{{name}}}\n"
    assert findings(tmp_path, source) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{nmae}", "unknown variable {nmae} (did you mean name?)"),
        ("{Name}", "unknown variable {Name} (did you mean name?)"),
        ("{xyzzy}", "or list it under variables:"),
        ("{name", "unclosed brace at '{name'"),
        ("name}", "stray }"),
        ("{{name}", "stray }"),
        ("{}", "empty placeholder {}"),
        ("{ name }", "{ name } has a space inside: write {name}"),
        ("{name.x}", "{name.x} reaches inside a value"),
        ("{name.__class__.__init__}", "reaches inside a value"),
        ("{a[0]}", "{a[0]} reaches inside a value"),
        ("{name!r}", "{name!r} has a conversion"),
        ("{lessons_remaining:lesson}", "write {lessons_remaining:singular|plural}"),
        ("{lessons_remaining:|lessons}", "write {lessons_remaining:singular|plural}"),
        ("{lessons_remaining:a|b|c}", "write {lessons_remaining:singular|plural}"),
        ("{name:>10}", "{name:>10} is not a count with its word"),
        ("{name:a|b}", "{name} is not a number"),
        ("{1+1}", "{1+1} is not a placeholder"),
    ],
)
def test_it_explains_a_wrong_placeholder_and_names_its_line(tmp_path: Path, text: str, expected: str) -> None:
    line = only(tmp_path, f"hello:\n  discord: |\n    first\n\n    second {text}\n")
    assert line.startswith("messages.yaml:5: hello: discord: ")
    assert expected in line


def test_a_rule_can_only_use_what_it_provides(tmp_path: Path) -> None:
    source = "welcome:\n  email_subject: a\n  email_body: |\n    b\n    {meeting_time}\n  discord: c\n"
    line = only(tmp_path, source, "welcome")
    assert line.startswith("messages.yaml:5: welcome: email_body: {meeting_time} is not known in this message")


def test_it_names_each_part_that_a_rule_lacks(tmp_path: Path) -> None:
    found = findings(tmp_path, "\ncalendar_update:\n  email_subject: a\n  calendar_title: b\n", "calendar_update")
    assert [(finding.line, finding.text.split(" is")[0]) for finding in found] == [
        (2, "calendar_update: calendar_description"),
        (2, "calendar_update: email_body"),
    ]


def test_it_names_each_section_that_is_missing_and_each_phrase_that_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text("welcom:\n  discord: hi\nphrases:\n  lesson_list_dnoe: a\n", encoding="utf-8")
    found = [str(finding) for finding in messages.check(messages.load(path))]
    assert "messages.yaml:1: section welcome is missing (did you mean welcom?): what it says cannot be sent" in found
    assert sum("section lesson_nudge is missing" in line for line in found) == 1
    assert any(line.startswith("messages.yaml:4: phrases: unknown phrase lesson_list_dnoe") for line in found)


def test_lesson_nudge_is_not_needed_when_both_nudges_have_their_own(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text("lesson_nudge_3d:\n  discord: a\nlesson_nudge_1d:\n  discord: a\n", encoding="utf-8")
    assert not any("section lesson_nudge " in finding.text for finding in messages.check(messages.load(path)))


def test_a_phrase_is_checked_only_with_the_section_that_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    text = "a:\n  discord: hi\nb:\n  discord: '{member_names}'\nphrases:\n  member_names_alone: ' '\n"
    path.write_text(text, encoding="utf-8")
    catalog = messages.load(path)
    assert messages.check_section(catalog, "a") == []
    assert "member_names_alone is missing" in messages.check_section(catalog, "b")[0].text


def test_a_sweep_is_not_held_up_by_what_fails_only_for_some(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text(
        f"a:\n  discord: '{'x' * 1_900} {{member_names}}'\nb:\n  discord: {'x' * 2_001}\n", encoding="utf-8"
    )
    catalog = messages.load(path)
    assert [finding.severity for finding in messages.check_section(catalog, "a")] == ["warning"]
    assert [finding.severity for finding in messages.check_section(catalog, "b")] == ["error"]
    assert {(finding.line, finding.severity) for finding in messages.check(catalog)} >= {(2, "error"), (4, "error")}


def test_a_phrase_holds_no_placeholders(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text(PHRASES.replace("done: a", "done: '{name}'"), encoding="utf-8")
    found = [str(finding) for finding in messages.check(messages.load(path))]
    assert any(line.startswith("messages.yaml:2: phrases: lesson_list_done: a phrase is plain") for line in found)


def test_a_subject_is_one_line(tmp_path: Path) -> None:
    source = "hello:\n  email_subject: |\n    a\n    b\n  email_body: c\n"
    assert only(tmp_path, source) == "messages.yaml:3: hello: email_subject: it must be one line"


def test_an_email_needs_subject_and_body(tmp_path: Path) -> None:
    assert "email_subject is missing" in only(tmp_path, "hello:\n  email_body: c\n")


def test_a_section_without_parts_is_an_error(tmp_path: Path) -> None:
    assert "it has no parts" in only(tmp_path, "hello:\n  variables: []\n")


@pytest.mark.parametrize("part", ["discord", "discord_channel"])
def test_it_finds_discord_text_that_can_become_too_long(tmp_path: Path, part: str) -> None:
    fits = "x" * 1_700
    assert findings(tmp_path, f"hello:\n  {part}: '{fits} {{group_name}}'\n") == []
    too_long = "x" * 1_850
    assert "Discord allows 2000" in only(tmp_path, f"hello:\n  {part}: '{too_long} {{group_name}}'\n")


def test_a_channel_post_has_no_reader(tmp_path: Path) -> None:
    found = findings(tmp_path, "hello:\n  discord_channel: |\n    {name}\n    {email} {profile_url} {group_name}\n")
    assert [finding.line for finding in found] == [3, 4, 4]
    assert all("no single reader" in finding.text for finding in found)


def test_a_staff_section_declares_its_own_variables(tmp_path: Path) -> None:
    assert findings(tmp_path, "hello:\n  variables: [offer]\n  discord: '{offer:seat|seats} {name}'\n") == []
    assert "did you mean offer?" in only(tmp_path, "hello:\n  variables: [offer]\n  discord: '{ofer}{offer}'\n")


def test_a_variable_listed_and_unused_is_a_warning(tmp_path: Path) -> None:
    found = findings(tmp_path, "hello:\n  variables: [offer]\n  discord: hi\n")
    assert [(finding.severity, finding.text) for finding in found] == [
        ("warning", "hello: variables: offer is listed but not used")
    ]


def test_the_section_of_a_rule_cannot_have_its_own_variables(tmp_path: Path) -> None:
    source = "trial_nudge:\n  variables: [a]\n  email_subject: a\n  email_body: b\n  discord: c\n"
    assert "nobody gives any" in only(tmp_path, source, "trial_nudge")


@pytest.mark.parametrize("words", ["tomorrow", "Today", "in 1 hour", "in one hour", "yesterday"])
def test_words_that_can_become_false_are_a_warning(tmp_path: Path, words: str) -> None:
    found = findings(tmp_path, f"hello:\n  discord: |\n    Well,\n    we meet {words}!\n")
    assert [(finding.line, finding.severity) for finding in found] == [(4, "warning")]
    assert str(found[0]).startswith("messages.yaml:4: warning: ")


def test_starts_in_beside_them_makes_such_words_harmless(tmp_path: Path) -> None:
    assert findings(tmp_path, "hello:\n  discord: we meet tomorrow, in {starts_in}\n") == []


def test_css_in_email_html_needs_doubled_braces(tmp_path: Path) -> None:
    source = "hello:\n  email_subject: a\n  email_body: b\n  email_html: |\n    <style>p { color: red }</style>\n"
    assert only(tmp_path, source).startswith("messages.yaml:5: hello: email_html: { color: red } is not a")


def test_checking_a_section_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        findings(tmp_path, "hello:\n  discord: a\n", "nothing")
