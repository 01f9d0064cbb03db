"""What staff type who know other programs: told by the check, before anybody reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.messages import Section, Text, slips
from tests.support.shell import Shell

SECTION = """
hello:
  email_subject: {subject}
  email_body: |
    Hi,

    {body}
  discord: |
    {discord}
{html}
"""


def told(
    tmp_path: Path, *, subject: str = "Hello", body: str = "x.", discord: str = "x.", html: str = ""
) -> list[tuple[int, str, str]]:
    """The line, severity and text of each finding in the section."""
    path = tmp_path / "messages.yaml"
    path.write_text(SECTION.format(subject=subject, body=body, discord=discord, html=html), encoding="utf-8")
    found = messages.check(messages.load(path))
    return [(one.line, one.severity, one.text) for one in found if one.section == "hello"]


BODY = 7


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Hi {{name}},", "{{name}} shows as {name}: for the name write {name}"),
        ("Hi {{ group_name }},", "for the group name write {group_name}"),
        ("Hi %name%,", "%name% is shown as it stands: for the name write {name}"),
        ("Hi %nmae%,", "write {name}"),
        ("Hi *|NAME|*,", "write {name}"),
        ("Hi [[name]],", "write {name}"),
        ("Hi [name],", "write {name}"),
        ("Hi <<name>>,", "write {name}"),
        ("Hi $name,", "write {name}"),
        ("Hi ${name},", "the $ before {name} is shown to readers"),
        ("Hi %{name},", "the % before {name} is shown to readers"),
        ("# Heading", "a heading does not work there"),
        ("## Heading {name}", "a heading does not work there"),
        ("| a | b |", "a table does not work there"),
        ("--- | ---", "a table does not work there"),
        ("![logo](https://example.org/l.png)", "a picture does not work there"),
        ("```code```", "this does not work there"),
        ("x<br>", "HTML does not work there, <br>"),
        ('<a href="https://example.org">x</a>', "HTML does not work there"),
        ("<br/>", "HTML does not work there"),
        ("“{profile_url}”", "a quote mark stands against a link"),
        ("see „https://example.org“", "a quote mark stands against a link"),
        ("»https://example.org/a«", "a quote mark stands against a link"),
        (r"one\ntwo", "a new line of the text is a new line of the message"),
        (r"one.\n\ntwo", "a new line of the text is a new line of the message"),
    ],
)
def test_it_says_what_is_not_read_as_it_was_meant(tmp_path: Path, typed: str, expected: str) -> None:
    found = told(tmp_path, body=typed)
    assert found, typed
    assert {(line, severity) for line, severity, _ in found} == {(BODY, "error")}
    assert expected in found[0][2]
    assert found[0][2].startswith("hello: email_body: ")


@pytest.mark.parametrize(
    "typed",
    [
        "50% of 100% is 50%.",
        "We met [1] in a group of 3 < 5 > 2.",
        "{{name of your choice}}",
        "{{{name}}}",
        "It costs $5, or 5$.",
        "- a list\n    - of **two** things",
        "1. first",
        "[words]({profile_url})",
        "See #general.",
        r"C:\new",
        "She said “hello” to us.",
        "Meet <https://example.org>.",
        "a@b.example",
    ],
)
def test_it_leaves_alone_what_is_meant(tmp_path: Path, typed: str) -> None:
    assert told(tmp_path, body=typed) == []


@pytest.mark.parametrize("subject", ["Welcome to course #3", "Welcome # a remark"])
def test_a_subject_is_not_cut_short_in_silence(tmp_path: Path, subject: str) -> None:
    quiet = subject.replace(" #", " #") if subject.count(" #") else subject
    [(line, severity, text)] = told(tmp_path, subject=quiet)
    assert (line, severity) == (3, "error")
    assert 'is a comment: put the line in "quotes"' in text


def test_a_text_of_several_lines_without_a_bar_would_be_one_line(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text("hello:\n  discord:\n    one\n    two\nlater:\n  discord: one\n    two\n", encoding="utf-8")
    found = [(one.line, one.severity) for one in messages.check(messages.load(path)) if "starts with |" in one.text]
    assert found == [(2, "error"), (6, "error")]


@pytest.mark.parametrize("ping", ["@everyone", "@here"])
def test_a_ping_notifies_nobody(tmp_path: Path, ping: str) -> None:
    [(_, severity, text)] = told(tmp_path, discord=f"Hi {ping}!")
    assert (severity, f"{ping} will not notify anybody" in text) == ("error", True)
    assert told(tmp_path, body=f"Hi {ping}!") == []


def test_a_list_is_a_block_of_its_own(tmp_path: Path) -> None:
    html = "  email_html: <p>{lesson_list}</p>"
    assert "{lesson_list} is a block of its own" in told(tmp_path, html=html)[0][2]
    update = Section("calendar_update", 1, {"email_html": Text("<b>{changes}</b>", 2)})
    assert [says for _, says, _ in slips.find(update, {"changes"})] == [
        "email_html: {changes} is a block of its own: it cannot stand inside <b>"
    ]
    assert told(tmp_path, html="  email_html: <div>{lesson_list}</div>") == []


def test_curly_quotes_around_a_whole_text_are_shown(tmp_path: Path) -> None:
    assert "use straight ones" in told(tmp_path, subject="“Hello”")[0][2]


def test_a_line_that_ends_within_a_sentence_is_a_remark(tmp_path: Path) -> None:
    found = told(tmp_path, body="You have some lessons to finish before\n    your meeting.")
    assert [(line, severity) for line, severity, _ in found] == [(BODY, "warning")]
    assert "ends within a sentence" in found[0][2]
    assert told(tmp_path, body="Group: {group_name}\n    time: {meeting_time}\n    - a list\n    - of words") == []


def test_a_dollar_before_a_variable_of_the_staffs_own_is_a_price(tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text("hello:\n  variables: [price]\n  discord: It costs ${price}.\n", encoding="utf-8")
    assert [one for one in messages.check(messages.load(path)) if one.section == "hello"] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Dear {name}, see {lesson_url}", ["{name}", "{lesson_url}"]),
        ("Dear {{name}}", ["{{name}}"]),
        ("Dear %name%", ["%name%"]),
        ("{nmae}", ["{nmae}"]),
    ],
)
def test_a_placeholder_in_what_is_given_by_hand_is_refused(shell: Shell, text: str, named: list[str]) -> None:
    alice = shell.world.platform.person("alice")
    given = ("--set", "subject=Hello", "--set", f"text={text}")
    done = shell("send", "announcement", "--user", alice, *given, "--dry-run")
    assert done.code == 2
    for placeholder in named:
        assert f"{placeholder} in --set text is not filled in" in done.err


def test_braces_that_are_no_placeholder_can_be_given(shell: Shell) -> None:
    alice = shell.world.platform.person("alice")
    given = ("--set", "subject=Hello", "--set", "text=Read {x} and 100%")
    assert shell("send", "announcement", "--user", alice, *given, "--dry-run").code == 0


def test_what_is_not_read_as_meant_is_not_sent_by_hand(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text("hello:\n  discord: Hi {{name}}\n", encoding="utf-8")
    alice = shell.world.platform.person("alice")
    done = shell("send", "hello", "--user", alice, NOTIFY_MESSAGES=str(path))
    assert (done.code, "for the name write {name}" in done.err) == (78, True)


def test_the_path_of_the_file_is_shown_in_full(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "messages.yaml").write_text("hello:\n  discord: Hi.\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for command in (["preview", "welcome"], ["preview", "--check"]):
        assert str(messages.packaged_path().resolve()) in shell(*command, NOTIFY_MESSAGES="").out
    assert "is not the file in use" in shell("doctor", NOTIFY_MESSAGES="").out


def test_a_file_beside_the_env_file_is_the_messages_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "messages.yaml").write_text("hello:\n  discord: Hi.\n", encoding="utf-8")
    (tmp_path / "notify.env").write_text("FROM_NAME=Course\n", encoding="utf-8")
    shown = shell("--env-file", tmp_path / "notify.env", "preview", "hello", NOTIFY_MESSAGES="").out
    assert str((tmp_path / "messages.yaml").resolve()) in shown
    assert "Hi." in shown
