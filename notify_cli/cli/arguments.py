"""The words of a command line before they are parsed: options of every command may stand behind it, too."""

from __future__ import annotations

from collections.abc import Sequence

_FLAGS = ("--demo", "--verbose", "-v", "--version", "-V")
_WITH_VALUE = "--env-file"
_END = "--"  # what follows is no option


def globals_first(words: Sequence[str]) -> list[str]:
    """The words with the options of every command before it, and `help COMMAND` as `COMMAND --help`."""
    first: list[str] = []
    others: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word == _END:
            others += [word, *left]
            break
        if word in _FLAGS or word.startswith(f"{_WITH_VALUE}="):
            first.append(word)
        elif word == _WITH_VALUE:
            first += [word, *left[:1]]
            del left[:1]
        else:
            others.append(word)
    if others[:1] == ["help"]:
        others = [*others[1:2], "--help"]
    return first + others
