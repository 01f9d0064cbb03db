"""Where a value of a message lands, which decides how it is escaped."""

from __future__ import annotations

from enum import StrEnum

from notify_cli.messages import escape, markdown
from notify_cli.model import LONGEST_NAME

# Longest value in a header line: mail clients show less, and a line must stay under 998 octets.
HEADER_LIMIT = 120


class Medium(StrEnum):
    """Where a value lands."""

    HEADER = "header"
    EMAIL_TEXT = "email_text"
    EMAIL_PAGE = "email_page"  # the HTML that is made from the text of an email
    EMAIL_HTML = "email_html"  # HTML that staff wrote themselves
    DISCORD = "discord"
    DISCORD_LABEL = "discord_label"  # the words of a link there
    CALENDAR = "calendar"  # plain text in an invite, which some calendars take for HTML

    @property
    def in_html(self) -> bool:
        """Whether values become part of a page."""
        return self in (Medium.EMAIL_PAGE, Medium.EMAIL_HTML)

    def theirs(self, text: str, limit: int = LONGEST_NAME) -> str:
        """Words that are not ours, escaped; empty if there is nothing to see in them."""
        line = escape.one_line(text)
        line = "" if escape.is_blank(line) else escape.capped(line, limit)
        if self is Medium.DISCORD:
            return escape.for_discord(line)
        if self is Medium.DISCORD_LABEL:
            return escape.for_discord_label(line)
        line = escape.unlinked(line)
        if self is Medium.CALENDAR:
            return escape.for_calendar(line)
        if self is Medium.EMAIL_PAGE and line:
            return f"<bdi>{escape.for_html(line)}</bdi>"
        return escape.for_html(line) if self is Medium.EMAIL_HTML else line

    def ours(self, text: str) -> str:
        """Words or a URL of our own: only HTML needs them escaped."""
        return escape.for_html(text) if self.in_html else text

    def as_list(self, items: list[str]) -> str:
        """A list, an item to a line; in a header all on one. The items are escaped."""
        if self is Medium.HEADER:
            return "; ".join(items)
        if self.in_html:
            kind, item = markdown.LIST_AND_ITEM if self is Medium.EMAIL_PAGE else ("<ul>", "<li>")
            return kind + "".join(f"{item}{text}</li>" for text in items) + "</ul>"
        return "\n".join(f"- {text}" for text in items)
