"""What people type who know other programs: right by the grammar of the file, and not read as it was meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from notify_cli.messages.catalog import Section, Severity, Text
from notify_cli.messages.spelling import nearest
from notify_cli.messages.variables import KNOWN

Note = tuple[int, str, Severity]

_HTML_PART = "email_html"
_PLAIN_PARTS = ("email_subject", "calendar_title", "calendar_description")
_DISCORD_PARTS = ("discord", "discord_channel")

_DOUBLED = re.compile(r"(?<!\{)\{\{ *(\w+) *\}\}(?!\})")
# As other programs write it: %name%, <<name>>, *|NAME|*, [[name]]; and what may be plain words: [name], «name», $name.
_FOREIGN = re.compile(r"%\{?(\w+)\}?%|<<(\w+)>>|\*\|(\w+)\|\*|\[\[(\w+)\]\]")
_PERHAPS = re.compile(r"(?<!\[)\[(\w+)\](?![(\]])|«(\w+)»|\$([A-Za-z_]\w*)")
_DOLLAR = re.compile(r"([$%])\{(\w+)\}(?!%)")
_BRACES = re.compile(r"\{+ *(\w+)(?::[^{}\n]*)? *\}+")
_TAG = re.compile(
    r"</?(?:a|b|i|u|s|p|br|hr|em|strong|div|span|h[1-6]|ul|ol|li|table|tr|td|th|img|font|center|blockquote|code|pre)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_WORKS = "what works is paragraphs, lists, **bold** and [words](link)"
_MARKUP = (
    (re.compile(r"^ {0,3}#{1,6} .*", re.MULTILINE), "a heading does not work there"),
    (re.compile(r"^ *\|.*\|.*$|^ *:?-{3,}:? *\|.*$", re.MULTILINE), "a table does not work there"),
    (re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)"), "a picture does not work there"),
    (re.compile(r"^ {0,3}(?:```|~~~|>|-{3,} *$|\*{3,} *$|_{3,} *$).*", re.MULTILINE), "this does not work there"),
)
_QUOTES = "“”„‟‘’‚«»‹›"
_QUOTED_LINK = re.compile(
    rf"[{_QUOTES}]\{{\w*url\}}|\{{\w*url\}}[{_QUOTES}]|[{_QUOTES}]https?://\S+|https?://\S+[{_QUOTES}](?=\s|$)"
)
_NEW_LINE = re.compile(r"(?<![\\:])\\[nr](?![a-z])|(?<=[\w.,!?;)])\\n")
_PING = re.compile(r"@(?:everyone|here)\b")
_IN_QUOTES = re.compile(r"\A\s*([“„«]).*[”“»]\s*\Z", re.DOTALL)
_LIST_INSIDE = re.compile(
    r"<(p|span|a|b|strong|em|h[1-6])\b[^<>]*>[^<>]*\{(lesson_list|changes|reason)\}", re.IGNORECASE
)
# A line that ends within a sentence, before one that goes on in small letters.
_BROKEN = re.compile(r"^(?! *[-*] ).*[\w,}](?=\n *[a-z{])", re.MULTILINE)


def find(section: Section, provided: Collection[str]) -> Iterator[Note]:
    """The slips in the texts of a section whose messages can use these variables."""
    for part, text in section.parts.items():
        for offset, snippet, says, severity in _in_text(part, text, provided):
            yield text.line_of(offset, snippet), f"{part}: {says}", severity


def _in_text(part: str, text: Text, provided: Collection[str]) -> Iterator[tuple[int, str, str, Severity]]:
    typed = text.text
    for match, says in _everywhere(typed, provided):
        yield match.start(), match.group(), says, "error"
    found = _in_html(typed) if part == _HTML_PART else _in_plain(part, typed)
    for match, says in found:
        yield match.start(), match.group(), says, "error"
    if part != _HTML_PART and not text.source:
        for match in _BROKEN.finditer(typed):
            # Behind a value the next line may well begin with a small letter: only words tell a sentence.
            says = "this line ends within a sentence: readers see the break, write the sentence on one line"
            if not match.group().endswith("}"):
                yield match.end() - 1, match.group()[-1], says, "warning"


def _everywhere(typed: str, provided: Collection[str]) -> Iterator[tuple[re.Match[str], str]]:
    for match in _DOUBLED.finditer(typed):
        if match[1] in provided:
            name = match[1]
            yield match, f"{{{{{name}}}}} shows as {{{name}}}: for the {_words(name)} write {{{name}}}"
    foreign = [(match, placeholder_meant(_word(match), provided)) for match in _FOREIGN.finditer(typed)]
    perhaps = [(match, _word(match).lower()) for match in _PERHAPS.finditer(typed)]
    for match, name in foreign + [(match, name) for match, name in perhaps if name in provided]:
        if name:
            yield match, f"{match.group()} is shown as it stands: for the {_words(name)} write {{{name}}}"
    for match in _DOLLAR.finditer(typed):
        if match[2] in KNOWN:
            yield match, f"the {match[1]} before {{{match[2]}}} is shown to readers: write {{{match[2]}}}"
    for match in _NEW_LINE.finditer(typed):
        yield match, f"{match.group()} is shown as it stands: a new line of the text is a new line of the message"
    if whole := _IN_QUOTES.match(typed):
        yield whole, 'the quotes around it are shown to readers: use straight ones ("), or none'


def unfilled(given: str) -> list[str]:
    """What in a text that is itself the value of a variable looks like a variable: nothing is filled in there."""
    braces = [match.group() for match in _BRACES.finditer(given) if placeholder_meant(match[1], KNOWN)]
    foreign = [match.group() for match in _FOREIGN.finditer(given) if placeholder_meant(_word(match), KNOWN)]
    return list(dict.fromkeys(braces + foreign))


def placeholder_meant(word: str, provided: Collection[str]) -> str | None:
    """The variable that somebody meant with a word, if it is clear."""
    lower = word.lower()
    if lower in provided:
        return lower
    if len(word) < 4 or lower.isdigit():
        return None
    return nearest(lower, provided) or None


def _in_html(typed: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _LIST_INSIDE.finditer(typed):
        yield match, f"{{{match[2]}}} is a block of its own: it cannot stand inside <{match[1]}>"


def _in_plain(part: str, typed: str) -> Iterator[tuple[re.Match[str], str]]:
    for match in _TAG.finditer(typed):
        works = _WORKS if part not in _PLAIN_PARTS else "it is plain text"
        yield match, f"HTML does not work there, {match.group()} is shown as it stands: {works}"
    if part == "email_body":
        for pattern, says in _MARKUP:
            for match in pattern.finditer(typed):
                yield match, f"{says}: {_WORKS}"
    for match in _QUOTED_LINK.finditer(typed):
        yield match, "a quote mark stands against a link: leave the quote marks out, or a space between"
    if part in _DISCORD_PARTS:
        for match in _PING.finditer(typed):
            yield match, f"{match.group()} will not notify anybody: no message of ours pings people"


def _word(match: re.Match[str]) -> str:
    word: str = next(filter(None, match.groups()))
    return word


def _words(name: str) -> str:
    return name.replace("_", " ")
