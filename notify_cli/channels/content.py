"""What a message says on the wire, whoever carries it: its identity, its headers, its Discord request body."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from notify_cli import addresses, unsubscribe
from notify_cli.config import Settings
from notify_cli.errors import RecipientError
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
    """The headers besides sender, recipient and subject; each the same for every attempt.

    That nobody wrote it (RFC 3834, 5; X-Auto-Response-Suppress is Exchange's), so that no holiday note answers; its
    list (RFC 2919); by References, which mails belong to one group. One-click unsubscribing (RFC 8058) is
    promised only for an https address, as that RFC demands.
    """
    domain = _domain(settings.from_email)
    headers = {
        "Message-ID": f"<{identity(message.key)}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"<notifications.{domain}>",
    }
    if message.thread:
        headers["References"] = f"<{_thread(message.thread)}@{domain}>"
    if url := unsubscribe.link(settings, message.user_id):
        headers["List-Unsubscribe"] = f"<{url}>"
        if url.startswith("https://"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def email_address(message: Email) -> str:
    """The recipient's address. Raises RecipientError, which does not repeat it, if no server could take it."""
    if fault := addresses.fault(message.to):
        raise RecipientError(f"the address {fault}")
    return message.to


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


@lru_cache(maxsize=256)  # a group's emails follow one another
def _thread(name: str) -> str:
    return identity(name)


@lru_cache(maxsize=8)  # one sender for all of a run's emails
def _domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "notify.invalid"
