"""What is wrong with a text that is no YAML: in words for its writer, at the line where the writer can mend it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from notify_cli.messages.catalog import Finding
from notify_cli.registry import PARTS

_QUOTES = "“”„‟‘’‚«»"
_CURLY = re.compile(rf"^\s*\w+:\s*([{_QUOTES}])")
_PART = re.compile(rf"^(\s+)(?:{'|'.join(PARTS)}):\s*(?![|>\"'])")
_COLON = 'put a text that has a colon in it in "quotes"'
_HINTS = {
    "mapping values are not allowed in this context": _COLON,
    "mapping values are not allowed here": _COLON,
    "found character that cannot start any token": 'put a text that begins with a special character in "quotes"',
    "found unexpected end of stream": "a quote is not closed",
    "could not find expected ':'": "a name ends with a colon; the lines of a long text are indented below their |",
}
_ELSE = "check quotes, colons and the indentation in this line and the one before"


def faults(file: str, start: int, text: str, error: Exception, *, section: str = "") -> list[Finding]:
    """The faults of a text that begins after `start` lines of the file: every tab, the usual cause, else the parser's.

    `error` is what the parser raised for the text with `start` empty lines before it.
    """
    lines = [""] * start + text.splitlines()

    def found(line: int, says: str) -> Finding:
        return Finding(line, says, file=file, section=section)

    if isinstance(error, RecursionError):
        return [found(start + 1, "it is nested too deeply: a message has parts, a part has text")]
    tabs = [number for number, line in enumerate(lines, start=1) if re.match(r" *\t", line)]
    told = [found(number, "a tab at the start of the line: use spaces") for number in tabs]
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else _position_line("\n" * start + text, error)
    if line in tabs:
        return told
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).replace("\n", " ")
    unread = f"this is not readable as YAML ({problem})"
    if opened := _without_bar(lines, line):
        says = f"{unread}: a text of several lines starts with |, and its lines are indented by four spaces"
        return [*told, found(opened, says)]
    hint = _HINTS.get(problem, _ELSE)
    if curly := _CURLY.match(lines[line - 1] if line <= len(lines) else ""):
        hint = f'the quotes around the text must be straight ones (") and not {curly[1]}'
    context = getattr(error, "context_mark", None)
    if problem == "found unexpected end of stream" and context:
        hint += f", it is opened in line {context.line + 1}"
    return [*told, found(line, f"{unread}: {hint}")]


def _without_bar(lines: Sequence[str], line: int) -> int | None:
    """The line of the `part:` whose text has several lines and no |, if the faulty line is one of them."""
    for number in range(min(line, len(lines)), 0, -1):
        here = lines[number - 1]
        if part := _PART.match(here):
            below = [below for below in lines[number:line] if below.strip()]
            deeper = all(len(one) - len(one.lstrip()) > len(part[1]) for one in below)
            return number if below and deeper else None
        if here.strip() and (not here[0].isspace() or re.match(r"\s+\w+:\s*[|>\"']", here)):
            return None
    return None


def _position_line(text: str, error: Exception) -> int:
    """The line of a character that YAML does not allow: its error knows only the position."""
    return text.count("\n", 0, getattr(error, "position", 0)) + 1
