"""The page around the HTML of an email: email_base.html, or the file that NOTIFY_EMAIL_BASE names, filled in.

The file is HTML with placeholders: {lang}, {subject}, {preheader}, {sender}, {logo_url}, {content}, {footer}, {why},
{unsubscribe_url}, {unsubscribe}. Braces around anything else stay, as CSS has them. What stands between
`<!-- if why -->` and `<!-- end -->` is left out where that placeholder is empty; `<!-- else -->` may divide it. `name`
stands for a sender without a logo.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from notify_cli.config import Settings, packaged
from notify_cli.errors import ConfigError
from notify_cli.messages.escape import for_html

PLACEHOLDERS = (
    *("lang", "subject", "preheader", "sender", "logo_url", "content", "footer", "why"),
    *("unsubscribe_url", "unsubscribe"),
)
_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
_CONDITION = re.compile(r"<!-- if (\w+) -->(.*?)(?:<!-- else -->(.*?))?<!-- end -->", re.DOTALL)
_PREHEADER = 110  # characters that the longest lists of mail programs show beside a subject
_GREETING = re.compile(r"\A[^\n]{0,60}[,!]\s*\n\s*\n")


@dataclass(frozen=True, slots=True)
class Footer:
    """What stands below an email: `who` sends it and from where, `why`, the reader's own `link` and its `label`.

    `zone` are words about times in UTC, with the link `zone_link` to where the reader's zone is set; empty where times
    are in the reader's own.
    """

    who: str
    why: str
    link: str
    label: str
    zone: str = ""
    zone_link: str = ""

    @property
    def text(self) -> str:
        """The same for a text part; empty where it would only say why."""
        about_zone = f"{self.zone}: {self.zone_link}" if self.zone else ""
        if not self.who and not self.link and not about_zone:
            return ""
        lines = (about_zone, self.who, self.why, f"{self.label}: {self.link}" if self.link else "")
        return "\n-- \n" + "\n".join(filter(None, lines)) + "\n"


def load(settings: Settings) -> list[str]:
    """Have the page in memory, as it is now; a line for each fault of NOTIFY_EMAIL_BASE, in whose place ours is used.

    A run calls it before it claims anything: no email may wait for a page. Raises ConfigError if ours is not there.
    """
    _source.cache_clear()
    _pieces.cache_clear()
    _source(packaged.email_base())
    try:
        if settings.email_base is not None:
            _source(settings.email_base)
    except ConfigError as error:
        return error.lines
    return []


def wrap(content: str, subject: str, text: str, footer: Footer, settings: Settings, language: str) -> str:
    """The page around an HTML fragment. `subject` and the email's `text` are plain text."""
    parts = {
        "lang": _shared(language),
        "subject": _shared(subject),
        "preheader": for_html(preheader(text)),
        "sender": _shared(settings.from_name),
        "logo_url": _shared(settings.logo_url),
        "content": content,
        "footer": _shared(footer.who),
        "why": _why(footer) if footer.text else "",
        "unsubscribe_url": for_html(footer.link),
        "unsubscribe": _shared(footer.label) if footer.link else "",
    }
    given = frozenset(name for name, value in parts.items() if value)
    if "sender" in given and "logo_url" not in given:
        given |= {"name"}  # the name stands where the logo would
    pieces = _pieces(_base(settings.email_base), given)
    # Splitting by a group gives text and placeholder in turn.
    return "".join([parts[piece] if place % 2 else piece for place, piece in enumerate(pieces)])


def _why(footer: Footer) -> str:
    """Why it was sent, and in which zone its times are, as HTML."""
    if not footer.zone:
        return _shared(footer.why)
    zone = f'<a href="{for_html(footer.zone_link)}">{for_html(footer.zone)}</a>'
    return f"{for_html(footer.why)}<br>{zone}" if footer.why else zone


def with_footer(page: str, footer: Footer) -> str:
    """A whole page of the staff's own with the footer at its end, unless it has the reader's link already."""
    link = for_html(footer.link)
    if not footer.link or link in page:
        return page
    lines = [for_html(line) for line in (footer.who, footer.why) if line]
    lines.append(f'<a href="{link}">{for_html(footer.label)}</a>')
    made = f'<p style="margin:32px 16px 16px;font-size:13px">{"<br>".join(lines)}</p>\n'
    place = page.lower().rfind("</body")
    return page[:place] + made + page[place:] if place >= 0 else page + made


def preheader(text: str) -> str:
    """What a list of mails shows beside the subject: the beginning of the text behind its greeting."""
    words = " ".join(_GREETING.sub("", text, count=1)[: 4 * _PREHEADER].split())
    return words if len(words) <= _PREHEADER else words[: _PREHEADER - 1].rsplit(" ", 1)[0] + "…"


@lru_cache(maxsize=256)
def _shared(text: str) -> str:
    """A text as HTML that many emails have: escaped once."""
    return for_html(text)


@lru_cache(maxsize=64)
def _pieces(source: str, given: frozenset[str]) -> tuple[str, ...]:
    """The page in pieces for what is given: text and placeholders in turn."""
    chosen = _CONDITION.sub(lambda found: (found[2] if found[1] in given else found[3]) or "", source)
    return tuple(_PLACEHOLDER.split(chosen))


def _base(own: Path | None) -> str:
    """The page of the staff's own if it can be used, else ours."""
    if own is not None:
        with suppress(ConfigError):
            return _source(own)
    return _source(packaged.email_base())


@lru_cache(maxsize=8)
def _source(path: Path) -> str:
    """A page as it was when it was first read; ConfigError if it is none."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"the page of emails cannot be read: {path}: {reason}; mend NOTIFY_EMAIL_BASE") from error
    if "{content}" not in source:
        raise ConfigError(f"the page of emails, {path}, has no {{content}}: the text would be nowhere")
    return source
