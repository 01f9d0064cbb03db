"""What SendGrid remembers of the emails that it took: its Email Logs, which an account keeps for some days.

POST /v3/logs finds those to an address since a time, GET /v3/logs/{id} tells the custom arguments of one. Its OpenAPI
document is tsg_logs_v3.yaml of twilio/sendgrid-oai.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from notify_cli.channels import providers
from notify_cli.channels.http import clean
from notify_cli.config import Settings

_MOST = 1000  # messages that one answer has at most
_CAME_BACK = {
    "dropped": "SendGrid dropped it",
    "bounced": "the receiving server refused it",
    "blocked": "the receiving server blocked it",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """An email that SendGrid took. `came_back` says why it could not deliver it, None if it did or still tries to."""

    provider_message_id: str
    at: datetime
    came_back: str | None


class EmailLogs:
    """The memory of one SendGrid account."""

    def __init__(self, settings: Settings) -> None:
        self._http = providers.sendgrid(settings)
        self._settings = settings

    def find(self, to: str, reminder_id: int, since: datetime) -> Taken | None:
        """The email that carries a reminder's id, to an address, since a time; None if none is known.

        Of several, one that did not come back. Raises AccountError for a key that may not look, TemporaryError and
        UnknownOutcomeError as any request does.
        """
        found = [
            self._taken(message)
            for message in self._messages(to, since)
            if self._arguments(str(message.get("sg_message_id"))).get("reminder_id") == str(reminder_id)
        ]
        return min(found, key=lambda taken: taken.came_back is not None, default=None)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _messages(self, to: str, since: datetime) -> Iterator[dict[str, Any]]:
        address = to.replace("'", "''")
        created = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"to_email = '{address}' AND sg_message_id_created_at >= TIMESTAMP \"{created}\""
        data = self._ask("POST", "/v3/logs", {"query": query, "limit": _MOST})
        messages = data.get("messages") if isinstance(data, dict) else None
        return (one for one in messages if isinstance(one, dict)) if isinstance(messages, list) else iter(())

    def _arguments(self, message_id: str) -> dict[str, Any]:
        data = self._ask("GET", f"/v3/logs/{quote(message_id, safe='')}")
        arguments = data.get("custom_args") if isinstance(data, dict) else None
        return arguments if isinstance(arguments, dict) else {}

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, path, body)
        # 404: it is older than what the account keeps.
        return {} if answer.status == 404 else providers.told(answer, "its Email Logs", "the right to read Email Logs")

    def _taken(self, message: dict[str, Any]) -> Taken:
        came_back = _CAME_BACK.get(str(message.get("status")))
        words = clean(str(message.get("reason") or ""), self._settings.secrets)
        try:
            at = datetime.fromisoformat(str(message.get("sg_message_id_created_at")))
        except ValueError:
            at = datetime.now(UTC)
        return Taken(
            # What its answer to the request would have had as X-Message-Id is the part before the first dot.
            str(message["sg_message_id"]).partition(".")[0],
            at if at.tzinfo else at.replace(tzinfo=UTC),
            came_back and (words or came_back),
        )
