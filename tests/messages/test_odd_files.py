"""What editors and habits do to a messages file is found with its line, or does no harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.errors import ConfigError


def found(tmp_path: Path, content: bytes) -> list[tuple[int, str]]:
    """The line and the words of each error in the file, but for sections that it lacks."""
    path = tmp_path / "messages.yaml"
    path.write_bytes(content)
    return [(one.line, one.text) for one in messages.check(messages.load(path)) if one.severity == "error"]


@pytest.mark.parametrize(
    "typed",
    ["{ name }", "{Name}", "{profile-url}", "{profile url}", "{\u00a0name}", "{name\u200b}", "{\u2009name\u2009}"],
)
def test_a_placeholder_that_is_nearly_one_is_an_error(tmp_path: Path, typed: str) -> None:
    [(line, text)] = found(tmp_path, f"hello:\n  discord: Hi {typed}\n".encode())
    assert line == 2
    assert typed in text


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["Unix", "Windows", "old Mac"])
def test_any_line_end_counts_lines(tmp_path: Path, end: bytes) -> None:
    source = b"\xef\xbb\xbf" + b"\n".join([b"hello:", b"  discord: |", b"    One.", b"    Two, {nmae}.", b""])
    [(line, text)] = found(tmp_path, source.replace(b"\n", end))
    assert (line, "did you mean name?" in text) == (4, True)


def test_a_tab_within_a_text_is_text(tmp_path: Path) -> None:
    assert found(tmp_path, b"hello:\n  discord: |\n    One.\tTwo.\n") == []


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ConfigError, match="it is not UTF-8 text: save it as UTF-8"):
        found(tmp_path, "hello:\n  discord: Grüße\n".encode(encoding))


@pytest.mark.parametrize("typed", ["Yes", "no", "on", "2026", "1.5", "2026-01-01", "0x1F"])
def test_a_subject_that_yaml_takes_for_something_else_wants_quotes(tmp_path: Path, typed: str) -> None:
    plain = f"hello:\n  email_subject: {typed}\n  email_body: Hi.\n"
    [(line, text)] = found(tmp_path, plain.encode())
    assert (line, text) == (2, f'hello: email_subject must be text: put {typed} in "quotes"')
    assert found(tmp_path, plain.replace(typed, f'"{typed}"').encode()) == []


def test_marks_of_a_merge_are_named_where_they_stand(tmp_path: Path) -> None:
    merged = "<<<<<<< HEAD\nhello:\n  discord: One.\n=======\nhello:\n  discord: Two.\n>>>>>>> edits\n"
    assert {line for line, _ in found(tmp_path, merged.encode())} >= {1, 5, 7}


def test_a_part_that_stands_twice_is_named(tmp_path: Path) -> None:
    [(line, text)] = found(tmp_path, b"hello:\n  discord: One.\n  discord: Two.\n")
    assert (line, "stands here twice, first in line 2" in text) == (3, True)
