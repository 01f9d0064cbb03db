"""A plain text as a small HTML page: paragraphs, lists and links, self-contained and readable by screen readers."""

from __future__ import annotations

import re
from functools import lru_cache

from notify_cli.messages.escape import GUARD, for_html, unguarded

_URL = re.compile(rf"(https?://[^\s<>\"'{GUARD}]+)")
# Punctuation after a link belongs to the sentence around it.
_TRAILING = ".,;:!?)]}"

_HEAD = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">\n<title>'
)
_BODY = (
    '</title>\n</head>\n<body style="margin:0;padding:24px">\n'
    '<main style="max-width:36em;margin:0 auto;font:16px/1.5 -apple-system,Segoe UI,Roboto,Arial,sans-serif">\n'
)
_END = "</main>\n</body>\n</html>\n"


def from_text(text: str, subject: str, unsubscribe_url: str = "") -> str:
    """The page for a plain text that may hold guards (see `escape.guarded`); none are left in it."""
    return unguarded(wrap(_blocks(text), subject, unsubscribe_url))


def wrap(fragment: str, subject: str, unsubscribe_url: str = "") -> str:
    """The page around an HTML fragment. `subject` is plain text."""
    return f"{_HEAD}{for_html(subject)}{_BODY}{fragment}{_footer(unsubscribe_url)}{_END}"


def _blocks(text: str) -> str:
    """Runs of lines between blank lines are paragraphs, within them "- " lines are a list."""
    blocks: list[str] = []
    lines: list[str] = []
    items: list[str] = []
    for line in (*text.strip().split("\n"), ""):
        stripped = line.strip()
        is_item = stripped.startswith(("- ", "* "))
        if items and not is_item:
            blocks.append("<ul>\n" + "".join(f"<li>{item}</li>\n" for item in items) + "</ul>\n")
            items.clear()
        if lines and (is_item or not stripped):
            blocks.append("<p>" + "<br>\n".join(lines) + "</p>\n")
            lines.clear()
        if is_item:
            items.append(_inline(stripped[2:]))
        elif stripped:
            lines.append(_inline(stripped))
    return "".join(blocks)


def _inline(line: str) -> str:
    if "://" not in line:
        return for_html(line)
    # Splitting by a group gives text and URL in turn.
    pieces = _URL.split(line)
    return "".join([_link(piece) if place % 2 else for_html(piece) for place, piece in enumerate(pieces)])


@lru_cache(maxsize=512)
def _link(url: str) -> str:
    # A closing bracket is the link's own if the link opened it.
    end = len(url)
    while url[end - 1] in _TRAILING and not (url[end - 1] == ")" and url.count("(") >= url.count(")", 0, end)):
        end -= 1
    target = for_html(url[:end])
    return f'<a href="{target}">{target}</a>{for_html(url[end:])}'


def _footer(unsubscribe_url: str) -> str:
    if not unsubscribe_url:
        return ""
    link = f'<a href="{for_html(unsubscribe_url)}">Choose which messages you get</a>'
    return f'<p style="margin-top:32px;font-size:13px">{link}</p>\n'
