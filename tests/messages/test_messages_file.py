"""messages.yaml as shipped, and what `load` says of files that are not readable as one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.errors import ConfigError, UsageError
from notify_cli.messages import Catalog
from notify_cli.messages.variables import KNOWN
from notify_cli.registry import TYPES
from tests.support.paths import MESSAGES

SHIPPED = MESSAGES


def load(tmp_path: Path, source: str) -> Catalog:
    path = tmp_path / "messages.yaml"
    path.write_text(source, encoding="utf-8")
    return messages.load(path)


def faults(tmp_path: Path, source: str) -> list[str]:
    """What is wrong with the form of a file: all of it, or why nothing of it can be read."""
    try:
        catalog = load(tmp_path, source)
    except ConfigError as error:
        return error.lines
    return [str(fault) for fault in catalog.faults]


def test_it_has_a_section_with_the_needed_parts_for_every_rule() -> None:
    catalog = messages.load(SHIPPED)
    for rule, parts in ((name, one.parts) for name, one in TYPES.items()):
        assert set(parts) <= catalog.section(rule).parts.keys(), rule


def test_the_shipped_file_has_no_errors() -> None:
    assert [str(finding) for finding in messages.check(messages.load(SHIPPED)) if finding.severity == "error"] == []


def test_the_shipped_file_says_the_words_of_the_requirements() -> None:
    parts = messages.load(SHIPPED).section("welcome").parts
    assert parts["email_subject"].text == "Welcome to the AI Safety Course"
    assert parts["discord"].text == (
        "Welcome {name}! Thanks for signing up.\n"
        "Complete your availability form to get matched: {profile_url}\n"
    )  # fmt: skip


def test_the_shipped_file_never_says_one_lessons() -> None:
    assert not re.search(r"\{lessons_remaining\}", SHIPPED.read_text(encoding="utf-8").split("\nwelcome:")[1])


def test_the_header_explains_every_variable() -> None:
    header = SHIPPED.read_text(encoding="utf-8").split("\nwelcome:")[0]
    assert set(re.findall(r"^# +\{(\w+)\} ", header, re.MULTILINE)) == KNOWN


def test_both_nudges_share_a_section_that_one_of_them_can_override(tmp_path: Path) -> None:
    catalog = load(tmp_path, "lesson_nudge:\n  discord: a\nlesson_nudge_1d:\n  discord: b\n")
    assert catalog.section("lesson_nudge_3d").name == "lesson_nudge"
    assert catalog.section("lesson_nudge_1d").name == "lesson_nudge_1d"


def test_an_unknown_type_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match=r"anouncement.*did you mean announcement\?"):
        messages.load(SHIPPED).section("anouncement")


def test_a_rule_without_its_section_says_the_packaged_text(tmp_path: Path) -> None:
    catalog = load(tmp_path, "hello:\n  discord: a\n")
    assert catalog.section("lesson_nudge_3d") == messages.load().section("lesson_nudge_3d")
    assert [str(finding) for finding in messages.check(catalog) if "lesson_nudge" in finding.text] == [
        "messages.yaml:1: warning: section lesson_nudge is missing: the packaged text is sent"
    ]


def test_a_message_of_the_staffs_own_is_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load(tmp_path, "hello:\n  discord: a\n").section("announcement")


def test_a_section_that_is_nearly_called_so_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    """Somebody has edited a text: another one must not go out in its place."""
    catalog = load(tmp_path, "wellcome:\n  discord: hi\n")
    [found] = messages.check_section(catalog, "welcome")
    assert (found.severity, "did you mean wellcome?" in found.text) == ("error", True)
    assert messages.check_section(catalog, "trial_nudge")[0].severity == "warning"


def test_the_working_directory_never_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path, "hello:\n  discord: a\n")
    monkeypatch.chdir(tmp_path)
    assert messages.load().path == messages.packaged_path()
    assert "welcome" in messages.load().sections


def test_every_text_knows_the_line_on_which_it_begins(tmp_path: Path) -> None:
    source = (
        "# first\nhello:\n  email_subject: a\n"
        "  email_body: |\n    b\n    c {name}\n"
        "  discord: >-\n    d\n    e {email}\n"
    )  # fmt: skip
    parts = load(tmp_path, source).section("hello").parts
    assert [(part, text.line) for part, text in parts.items()] == [
        ("email_subject", 3),
        ("email_body", 5),
        ("discord", 7),
    ]
    body, folded = parts["email_body"], parts["discord"]
    assert body.line_of(body.text.index("{name}"), "{name}") == 6
    assert folded.line_of(folded.text.index("{email}"), "{email}") == 9


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    source = (
        "welcome:\n"
        "  email_subjekt: a\n"
        "  email_body: [b]\n"
        "  discord: {name}\n"
        "  discord: c\n"
        "  calendar_title: 2026\n"
        "  calendar_description:\n"
        "Bad Name:\n"
        "  discord: d\n"
        "7:\n"
        "  discord: e\n"
        "hello: f\n"
        "mine:\n"
        "  variables: [a, {b: c}]\n"
        "welcome:\n"
        "  discord: g\n"
    )
    found = faults(tmp_path, source)
    assert [line.split(": ")[0] for line in found] == [
        f"messages.yaml:{line}" for line in (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15)
    ]
    assert "(did you mean email_subject?)" in found[0]
    assert 'put a text that begins with { in "quotes"' in found[2]
    assert "stands here twice, first in line 4" in found[3]
    assert "stands here twice, first in line 1" in found[-1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "messages.yaml:1: the file is empty"),
        ("- a\n", "messages.yaml:1: the file must hold messages by name"),
        ("a:\n\tdiscord: b\n", "messages.yaml:2: a tab at the start of the line"),
        ("a:\n  email_subject: Reminder: soon\n", "messages.yaml:2: this is not readable as YAML"),
        ('a:\n  discord: "open\n', "messages.yaml:3: this is not readable as YAML"),
        ("a:\n  discord: b\x07\n", "messages.yaml:2: this is not readable as YAML"),
        ("a: &x\n  discord: b\n---\nc: d\n", "messages.yaml:3: this is not readable as YAML"),
        ("a:\n  discord: *nowhere\n", "messages.yaml:2: this is not readable as YAML"),
        ("a:\n  discord: !!python/object:os.system x\n", "messages.yaml:2: a: discord must be text"),
        ("? [a, b]\n: c\n", "messages.yaml:1: the file: a list or mapping cannot be a name here"),
        ("a:\n  variables: [b, b]\n", "messages.yaml:2: a: variables names something twice"),
    ],
)
def test_it_names_the_line_of_what_it_cannot_read(tmp_path: Path, source: str, expected: str) -> None:
    assert faults(tmp_path, source)[0].startswith(expected)


def test_deep_nesting_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    assert "messages.yaml:1: " in faults(tmp_path, "[" * 5_000 + "]" * 5_000)[0]


def test_a_file_that_is_not_utf8_or_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    with pytest.raises(ConfigError, match=r"cannot be read"):
        messages.load(path)
    path.write_bytes(b"a:\n  discord: \xff\n")
    with pytest.raises(ConfigError, match=r"not UTF-8"):
        messages.load(path)


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_bytes(b"\xef\xbb\xbfhello:\r\n  discord: |\r\n    a\r\n    b\r\n")
    assert messages.load(path).section("hello").parts["discord"].text == "a\nb\n"


def test_a_file_without_phrases_uses_those_of_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "messages.yaml"
    own.write_text("a:\n  discord: hi\nphrases:\n  member_names_alone: only you\n", encoding="utf-8")

    phrases = messages.load(own).phrases

    assert phrases["member_names_alone"].text == "only you"
    assert phrases["lesson_list_done"].text.strip()
