"""An SQL file taken apart into its statements, so that each can be tried alone."""

from __future__ import annotations

import re
from typing import NamedTuple

# What may hold a semicolon that ends nothing; PostgreSQL's manual, "SQL Syntax: Lexical Structure".
_OPAQUE = r"""
    --[^\n]* | /\*.*?\*/
    | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | (?P<tag>\$\w*\$).*?(?P=tag)
    | "(?:[^"]|"")*"
"""
_TOKEN = re.compile(rf"(?P<opaque>{_OPAQUE})|(?P<end>;)", re.DOTALL | re.VERBOSE)
_LEADING = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TRANSACTION = ("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release")


class Statement(NamedTuple):
    """A statement without its semicolon, and the line of the file in which it begins."""

    line: int
    text: str

    @property
    def ends_transaction(self) -> bool:
        """Whether it begins or ends a transaction, or a part of one."""
        word = re.match(r"\w*", self.text)
        return word is not None and word.group().lower() in _TRANSACTION


def split(script: str) -> list[Statement]:
    """The statements of an SQL script, without those that are empty."""
    found: list[Statement] = []
    start = 0
    for end in [*(token.start() for token in _TOKEN.finditer(script) if token["end"]), len(script)]:
        leading = _LEADING.match(script, start, end)
        first = leading.end() if leading else start
        if first < end:
            found.append(Statement(script.count("\n", 0, first) + 1, script[first:end].rstrip()))
        start = end + 1
    return found
