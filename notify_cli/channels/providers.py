"""How we present ourselves to each provider: the address of its API, and the headers of every request."""

from __future__ import annotations

from typing import Any

from notify_cli import __version__
from notify_cli.channels.http import Answer, Http
from notify_cli.config import Settings
from notify_cli.errors import AccountError, TemporaryError

SENDGRID = "SendGrid"
DISCORD = "Discord"


def sendgrid(settings: Settings) -> Http:
    """SendGrid's Web API v3, by its key. Raises ConfigError as Http does."""
    headers = {"Authorization": f"Bearer {settings.sendgrid_api_key}", "Accept": "application/json"}
    return Http(SENDGRID, settings.sendgrid_api_url, headers)


def told(answer: Answer, what: str, right: str) -> Any:
    """What SendGrid answers when it is asked for something of its own, as decoded JSON.

    Raises AccountError for a key that lacks the `right` to it, TemporaryError for any other refusal.
    """
    if answer.status in (401, 403):
        raise AccountError(f"SendGrid refuses to show {what} ({answer.status}): give the key {right}")
    if answer.status != 200:
        raise TemporaryError(f"SendGrid answered {answer.status} when asked for {what}", provider_down=True)
    return answer.json()


def discord(settings: Settings) -> Http:
    """Discord's REST API, by the bot's token. Raises ConfigError as Http does.

    Its reference demands a User-Agent of this form, and blocks bots that have another.
    """
    headers = {
        "Authorization": f"Bot {settings.discord_bot_token}",
        "User-Agent": f"DiscordBot ({settings.frontend_url or 'https://example.org'}, {__version__})",
    }
    return Http(DISCORD, settings.discord_api_url, headers)
