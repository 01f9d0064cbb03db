"""Values for where they land: what people call themselves must not break a header, a page or a Discord message."""

from __future__ import annotations

import html
import re

# Characters with nothing to see, which a name may be made of: blanks of every width, fillers, marks of direction.
_BLANK = (
    "\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
_NOTHING_TO_SEE = re.compile(rf"[{_BLANK}]*")

# Control characters, line and paragraph separators.
_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
# Bidirectional embeddings, overrides and isolates; lone surrogates; noncharacters; the byte order mark.
_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]+")

# Hebrew to Arabic Extended, their presentation forms, and the scripts beyond the basic plane.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

_MARKDOWN = re.compile(r"([\\*_~`|<>\[\]]|(?<=:)/(?=/))")
_LEADING = re.compile(r"^(?:[-+#]|\d+(?=[.)]))")
_REFERENCE = re.compile(r"(<)(?=[@#:/]|a:|t:|id:)|(@)(?=everyone|here)")
_ENTITY = re.compile(r"&(?=[#A-Za-z])")
_ZERO_WIDTH = "\u200b"
# Markdown in the words of a link; an underscore within a word is none.
_IN_LABEL = re.compile(r"[\\*~`|<>\[\]]|(?<![^\W_])_|_(?![^\W_])")
_LOOK_ALIKE = dict(zip("\\*~`|<>[]_", "＼＊～｀｜＜＞［］＿", strict=True))
# What makes a mail program take words for a link.
_LINK = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
# What no header may hold: control characters, line and paragraph separators, embeddings and overrides of direction.
_NOT_IN_HEADERS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e]+")


def one_line(text: str) -> str:
    """The text on one line: control characters and line breaks become one space, direction overrides vanish."""
    return _BREAKS.sub(" ", _UNSEEN.sub("", text)).strip(" ")


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return _NOTHING_TO_SEE.fullmatch(text) is not None


def trimmed(text: str) -> str:
    """The text without what cannot be seen at its ends."""
    return re.sub(rf"\A[{_BLANK}]+|[{_BLANK}]+\Z", "", text)


def header(text: str) -> str:
    """A subject or name for a header: as it was written, joiners and all, on one line, since a break would end it."""
    return _NOT_IN_HEADERS.sub(" ", text).strip(" ")


def unlinked(line: str) -> str:
    """The line without anything that a mail program would make a link of; it reads the same."""
    return _LINK.sub(_ZERO_WIDTH, line)


def isolated(line: str) -> str:
    """The line so that its direction does not turn round what stands beside it; itself if it has none of its own."""
    return f"\u2068{line}\u2069" if _RIGHT_TO_LEFT.search(line) else line


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


def for_discord_label(line: str) -> str:
    """A `one_line` as the words of a link on Discord: no backslash is taken back there, so it shows look-alikes."""
    return _IN_LABEL.sub(lambda match: _LOOK_ALIKE[match.group()], line)


def for_calendar(line: str) -> str:
    """A `one_line` inside an invite, whose texts some calendars take for HTML: the same words, no markup."""
    return _ENTITY.sub("\uff06", line.replace("<", "\u2039").replace(">", "\u203a"))


def capped(line: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis if something was left out."""
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _backslash(match: re.Match[str]) -> str:
    # "1." starts a list too: there the dot is what must be escaped, a digit cannot be.
    return f"{match.group()}\\" if match.group().isdigit() else f"\\{match.group()}"
