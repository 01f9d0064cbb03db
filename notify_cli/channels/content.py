"""What a message says on the wire, whoever carries it: its identity, its headers, its Discord request body."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from notify_cli import addresses
from notify_cli.config import Settings
from notify_cli.errors import RecipientError
from notify_cli.messages import escape
from notify_cli.model import DiscordMessage, Email, fingerprint
from notify_cli.registry import DISCORD_LIMIT

INVITE_NAME = "invite.ics"


def identity(key: str) -> str:
    """The fingerprint of a notification key. Raises RecipientError for a key that is not Unicode."""
    try:
        return fingerprint(key)
    except UnicodeEncodeError:
        raise RecipientError("the notification key contains characters that are not text") from None


def email_headers(message: Email, settings: Settings) -> dict[str, str]:
    """Message-ID, the same for every attempt, and the way to unsubscribe, if there is one.

    One-click (RFC 8058) is promised only for an https address, as that RFC demands.
    """
    headers = {"Message-ID": f"<{identity(message.key)}@{_domain(settings.from_email)}>"}
    url = settings.unsubscribe_url
    if url and (message.user_id is not None or "{user_id}" not in url):
        headers["List-Unsubscribe"] = f"<{url.replace('{user_id}', str(message.user_id))}>"
        if url.startswith("https://"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def email_address(message: Email) -> str:
    """The recipient's address. Raises RecipientError, which does not repeat it, if no server could take it."""
    if fault := addresses.fault(message.to):
        raise RecipientError(f"the address {fault}")
    return message.to


def header_text(raw: str) -> str:
    """Text as one line: a line break or control character in a name or subject would break the header."""
    return escape.header(raw)


def discord_body(message: DiscordMessage) -> dict[str, Any]:
    """The body of `POST /channels/{id}/messages`. Raises RecipientError if Discord would never take it.

    The nonce is the same for every attempt: within a few minutes Discord answers a repetition with the old message.
    Nobody is pinged, whatever a name contains.
    """
    if len(message.content) > DISCORD_LIMIT:
        raise RecipientError(f"the message has {len(message.content)} characters, Discord takes {DISCORD_LIMIT}")
    if not message.content.strip():
        raise RecipientError("the message is empty")
    return {
        "content": message.content,
        "nonce": identity(message.key),
        "enforce_nonce": True,
        "allowed_mentions": {"parse": []},
    }


def discord_id(raw: str | None, what: str) -> str:
    """A Discord id as it may stand in a request: digits (a snowflake). Raises RecipientError for anything else."""
    if raw is None or not re.fullmatch(r"[0-9]{1,20}", raw):
        raise RecipientError(f"the {what} is not a Discord id")
    return raw


@lru_cache(maxsize=8)  # one sender for all of a run's emails
def _domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "notify.invalid"
