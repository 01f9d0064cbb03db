"""The text of an email as HTML: Markdown as far as mail programs show it, converted once however many get the mail.

Paragraphs, line breaks, lists, emphasis and links; HTML in the text is shown as it stands. What is filled in per mail
is no Markdown: a name with asterisks stays a name with asterisks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from notify_cli.errors import RecipientError
from notify_cli.messages import escape, template
from notify_cli.messages.languages import ENGLISH
from notify_cli.messages.template import Lookup, Slot, Template

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Piece = str | Slot

LISTS = frozenset({"lesson_list", "changes", "reason"})  # variables that may be a list of several lines
BLOCK = "#block"  # behind the name of a variable that is asked for as a paragraph or list of its own

# A slot within Markdown: a number between two characters for private use, which Markdown takes for letters.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

_URL = re.compile(r"https?://[^\s<>\"'“”„‟‘’‚«»‹›…—。]+", re.IGNORECASE)
# Punctuation after a link belongs to the sentence around it.
_TRAILING = ".,;:!?)]}*_"
_WEB_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)

_LINK = re.compile(r"(?<!!)\[([^\[\]\n]+)\]\(\s*<?((?:[^()\s<>]|\{[^{}\n]*\})+)>?\s*\)")
_STRONG = re.compile(r"(?<!\\)(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")

PARAGRAPH = '<p style="margin:0 0 16px">'
_LISTS = {
    "bullet_list": '<ul style="margin:0 0 16px;padding:0 0 0 24px">',
    "ordered_list": '<ol style="margin:0 0 16px;padding:0 0 0 24px">',
}
_ITEM = '<li style="margin:0 0 4px">'
LIST_AND_ITEM = (_LISTS["bullet_list"], _ITEM)
_ONE_LINK = ["link_open", "link_close"]
_BUTTON = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 16px"><tr>'
    '<td class="button" bgcolor="#1d4ed8" style="border-radius:6px;background-color:#1d4ed8">'
    '<a href="',
    '" style="display:inline-block;padding:12px 20px;color:#ffffff;font-weight:bold;text-decoration:none">',
    "</a></td></tr></table>\n",
)


@dataclass(frozen=True, slots=True)
class _Address(Slot):
    """A variable that is the whole target of a link."""

    def render(self, values: Lookup) -> str:
        """The address; RecipientError if what is given is none."""
        found = Slot.render(self, values)
        if not _WEB_ADDRESS.fullmatch(found):
            raise RecipientError(f"{{{self.name}}} stands where a link leads to: it must be a web address")
        return escape.for_html(found)


@dataclass(frozen=True, slots=True)
class _Quoted(Slot):
    """A variable within the target of a link."""

    def render(self, values: Lookup) -> str:
        """The value as a part of an address."""
        return quote(Slot.render(self, values), safe="")


def page(source: Template) -> Template:
    """The HTML of a text, its placeholders kept: their values come escaped, see `Medium.EMAIL_PAGE`."""
    slots: list[Slot] = []
    text: list[str] = []
    for piece in source.pieces:
        if isinstance(piece, Slot):
            text.append(f"{_OPEN}{len(slots)}{_CLOSE}")
            slots.append(piece)
        else:
            text.append(piece.translate({ord(_OPEN): None, ord(_CLOSE): None}))
    written = "".join(text)
    for number, slot in enumerate(slots):
        if slot.name in LISTS:
            # A list is a block of its own, whether or not an empty line stands around it.
            written = re.sub(
                rf"\s*^[ \t]*({_OPEN}{number}{_CLOSE})[ \t]*$\s*", r"\n\n\1\n\n", written, flags=re.MULTILINE
            )
    return Template(_joined(_Renderer(slots).blocks(_parser().parse(written))))


def plain(source: str, language: str = ENGLISH) -> Template:
    """The same text without Markdown: links as "words: address"."""
    text = _LINK.sub(lambda link: link[2] if link[1] == link[2] else f"{link[1]}: {link[2]}", source)
    return template.parse(_ESCAPED.sub(r"\1", _STRONG.sub(r"\2", text)), language)


@lru_cache(maxsize=256)
def inline(text: str) -> str:
    """A text without placeholders as HTML within a paragraph; cached, since it goes to many."""
    pieces = _Renderer([]).inline(_parser().parseInline(text)[0].children or [])
    return "".join(piece for piece in pieces if isinstance(piece, str))


@lru_cache(maxsize=256)
def block(text: str) -> str:
    """A text without placeholders as paragraphs and lists."""
    return "".join(piece for piece in _Renderer([]).blocks(_parser().parse(text)) if isinstance(piece, str))


def address(value: str) -> str:
    """A bare web address as a link; `value` is escaped."""
    return f'<a href="{value}">{value}</a>'


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # here: only a run that renders an email needs it

    parser = MarkdownIt("zero", {"breaks": True, "html": False})
    parser.enable(["list", "emphasis", "link", "newline", "escape"])
    # Targets are judged when they are rendered: some are filled in only then.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


class _Renderer:
    """Tokens of Markdown as pieces of a template; `slots` are what the marks in them stand for."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots

    def blocks(self, tokens: Sequence[Token]) -> Iterator[Piece]:
        """Paragraphs and lists."""
        for number, token in enumerate(tokens):
            kind = token.type.removesuffix("_open").removesuffix("_close")
            if token.type == "inline":
                loose = number and tokens[number - 1].type == "paragraph_open" and not tokens[number - 1].hidden
                yield from self._paragraph(token.children or [], own=bool(loose))
            elif token.type == "list_item_open":
                yield _ITEM
            elif kind in _LISTS:
                yield f"{_LISTS[kind]}\n" if token.nesting == 1 else f"</{token.tag}>\n"
            elif token.type == "list_item_close":
                yield "</li>\n"

    def _paragraph(self, tokens: Sequence[Token], *, own: bool) -> Iterator[Piece]:
        if not own:
            yield from self.inline(tokens)
            return
        alone = _MARK.fullmatch(tokens[0].content.strip()) if len(tokens) == 1 else None
        slot = self._slots[int(alone[1])] if alone else None
        if slot is not None and (slot.name in LISTS or not slot.name.endswith("_url")) and not slot.counts:
            yield Slot(slot.name + BLOCK, slot.offset)
        elif [tokens[0].type, tokens[-1].type] == _ONE_LINK and sum(one.type == _ONE_LINK[0] for one in tokens) == 1:
            yield _BUTTON[0]
            yield from self._target(str(tokens[0].attrs.get("href", "")))
            yield _BUTTON[1]
            yield from self.inline(tokens[1:-1], linked=True)
            yield _BUTTON[2]
        else:
            yield PARAGRAPH
            yield from self.inline(tokens)
            yield "</p>\n"

    def inline(self, tokens: Sequence[Token], *, linked: bool = False) -> Iterator[Piece]:
        """What stands in a paragraph; within a link (`linked`) an address is no link of its own."""
        for token in tokens:
            if token.type == "link_open":
                yield '<a href="'
                yield from self._target(str(token.attrs.get("href", "")))
                yield '">'
                linked = True
            elif token.type == "link_close":
                yield "</a>"
                linked = False
            elif token.type in ("softbreak", "hardbreak"):
                yield "<br>\n"
            elif token.nesting:
                yield f"<{'/' if token.nesting < 0 else ''}{token.tag}>"
            else:
                yield from self._text(token.content, linked=linked)

    def _target(self, href: str) -> Iterator[Piece]:
        if whole := _MARK.fullmatch(href):
            slot = self._slots[int(whole[1])]
            yield _Address(slot.name + "#text", slot.offset) if not slot.name.endswith("_url") else slot
            return
        for piece in self._pieces(href):
            yield _Quoted(piece.name + "#text", piece.offset) if isinstance(piece, Slot) else escape.for_html(piece)

    def _text(self, text: str, *, linked: bool) -> Iterator[Piece]:
        for piece in self._pieces(text):
            if isinstance(piece, str):
                yield escape.for_html(piece) if linked else _linkified(piece)
            elif piece.name.endswith("_url") and not linked:
                yield from ('<a href="', piece, '">', piece, "</a>")
            else:
                yield piece

    def _pieces(self, text: str) -> Iterator[Piece]:
        # Splitting by a group gives text and slot number in turn.
        for place, piece in enumerate(_MARK.split(text)):
            if place % 2:
                slot = self._slots[int(piece)]
                yield replace(slot, forms=tuple(map(escape.for_html, slot.forms)), labels=False)
            elif piece:
                yield piece


def _linkified(text: str) -> str:
    if "://" not in text:
        return escape.for_html(text)
    made, end = [], 0
    for found in _URL.finditer(text):
        url = _without_trailing(found.group())
        made += [escape.for_html(text[end : found.start()]), address(escape.for_html(url))]
        end = found.start() + len(url)
    return "".join([*made, escape.for_html(text[end:])])


def _without_trailing(url: str) -> str:
    # A closing bracket is the link's own if the link opened it.
    end = len(url)
    while url[end - 1] in _TRAILING and not (url[end - 1] == ")" and url.count("(") >= url.count(")", 0, end)):
        end -= 1
    return url[:end]


def _joined(pieces: Iterator[Piece]) -> tuple[Piece, ...]:
    """The pieces with neighbouring texts as one: fewer to fill in."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)
