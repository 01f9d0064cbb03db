"""Whom SendGrid does not deliver to any more, and what it could not deliver: its suppression lists.

GET /v3/suppression/{list}, 500 entries a page, those since a time; and whether one address still stands in a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from notify_cli.channels import providers
from notify_cli.channels.http import Answer, clean
from notify_cli.config import Settings

PAGE = 500  # entries, the most that one answer has
# The lists that suppress an address, with what each says of it; and the one that tells of single deliveries only.
SUPPRESSING = {
    "bounces": "its server refused our mail for good",
    "invalid_emails": "the address does not exist",
    "spam_reports": "the reader reported our mail as spam",
    "unsubscribes": "the reader unsubscribed at SendGrid",
}
BLOCKS = "blocks"
# Which lists tell of a mail that was accepted and not delivered.
UNDELIVERED = ("bounces", "invalid_emails", BLOCKS)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An entry of a list. `reason` is the receiving server's words, without addresses."""

    email: str
    listed: str
    created_at: datetime
    reason: str


class Suppressions:
    """The lists of one SendGrid account."""

    def __init__(self, settings: Settings) -> None:
        self._http = providers.sendgrid(settings)
        self._settings = settings

    def since(self, listed: str, start: datetime) -> Iterator[Suppressed]:
        """The entries of a list that were made since `start`, over all its pages.

        Raises AccountError for a key that may not look, TemporaryError and UnknownOutcomeError as any request does.
        """
        offset = 0
        while True:
            path = f"/v3/suppression/{listed}?start_time={int(start.timestamp())}&limit={PAGE}&offset={offset}"
            entries = self._entries(self._http.request("GET", path))
            for entry in entries:
                if found := self._suppressed(listed, entry):
                    yield found
            if len(entries) < PAGE:
                return
            offset += PAGE

    def stands(self, listed: str, email: str) -> bool:
        """Whether an address still stands in a list. Raises as `since`."""
        one = quote(email, safe="@")
        if listed == "unsubscribes":
            answer = self._http.request("GET", f"/v3/asm/suppressions/global/{one}")
            data = self._read(answer)
            return isinstance(data, dict) and bool(data.get("recipient_email"))
        answer = self._http.request("GET", f"/v3/suppression/{listed}/{one}")
        return answer.status != 404 and bool(self._entries(answer))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _entries(self, answer: Answer) -> list[dict[str, Any]]:
        data = self._read(answer)
        return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []

    def _read(self, answer: Answer) -> Any:
        return providers.told(answer, "suppressions", "suppression.read")

    def _suppressed(self, listed: str, entry: dict[str, Any]) -> Suppressed | None:
        email, created = entry.get("email"), entry.get("created")
        if not isinstance(email, str) or not isinstance(created, int | float):
            return None
        words = clean(str(entry.get("reason") or ""), self._settings.secrets)
        return Suppressed(email, listed, datetime.fromtimestamp(created, UTC), words)
