"""Values for where they land: what people call themselves must not break a header, a page or a Discord message."""

from __future__ import annotations

import html
import re

# A noncharacter that no value can hold: it marks, inside a text, where something a person wrote must not be taken for
# a link or a list. It never leaves this program.
GUARD = "\ufdd0"

# Control characters, line and paragraph separators.
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
# Bidirectional embeddings, overrides and isolates; lone surrogates; noncharacters; the byte order mark.
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]+")

_MARKDOWN = re.compile(r"([\\*_~`|<>\[\]]|(?<=:)/(?=/))")
_LEADING = re.compile(r"^(?:[-+#]|\d+(?=[.)]))")
_REFERENCE = re.compile(r"(<)(?=[@#:/]|a:|t:|id:)|(@)(?=everyone|here)")
_ZERO_WIDTH = "\u200b"


def one_line(text: str) -> str:
    """The text on one line: control characters and line breaks become one space, direction overrides vanish."""
    return _BREAKS.sub(" ", _UNSEEN.sub("", text)).strip(" ")


def staff_text(text: str) -> str:
    """A text of our own staff: its line breaks stay, other control characters go."""
    return _CONTROLS.sub("", _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def for_discord(line: str) -> str:
    """A `one_line` as literal text on Discord: no markdown, no mention, no timestamp, no link."""
    literal = _MARKDOWN.sub(r"\\\1", line)
    literal = _REFERENCE.sub(lambda match: match.group() + _ZERO_WIDTH, literal)
    return _LEADING.sub(_backslash, literal)


def for_html(text: str) -> str:
    """The text as HTML character data, also good inside a quoted attribute."""
    return html.escape(text)


def guarded(line: str) -> str:
    """A `one_line` inside a text that becomes HTML: neither a link nor the start of a list."""
    return GUARD + line.replace("://", f":{GUARD}//")


def unguarded(text: str) -> str:
    """The text as its reader sees it."""
    return text.replace(GUARD, "")


def capped(line: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis if something was left out."""
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _backslash(match: re.Match[str]) -> str:
    # "1." starts a list too: there the dot is what must be escaped, a digit cannot be.
    return f"{match.group()}\\" if match.group().isdigit() else f"\\{match.group()}"
