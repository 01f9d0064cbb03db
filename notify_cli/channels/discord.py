"""Discord by its REST API: direct messages and posts in a group's channel.

Every attempt carries the same nonce with `enforce_nonce`: a repetition within a few minutes is answered with the
message that exists. Codes: Discord's "JSON error codes", sorted here by what they mean for a delivery.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from notify_cli.channels import content, providers
from notify_cli.channels.http import TRY_LATER, Answer, clean, retry_after, seconds
from notify_cli.channels.ratelimits import RateLimits
from notify_cli.config import Settings
from notify_cli.errors import AccountError, DeliveryError, RecipientError, TemporaryError, UnknownOutcomeError
from notify_cli.model import DiscordMessage, Message, Receipt
from notify_cli.registry import Method

# 40001 unauthorized, 40002 the account must be verified, 50014 invalid token, 40333 blocked by Cloudflare (a bad
# User-Agent), 20026 quarantined, 40003 opening direct messages too fast, after which Discord quarantines who goes on.
_ACCOUNT = frozenset({40001, 40002, 50014, 40333, 20026, 40003})
_STANDING = frozenset({40002, 20026, 40003})
# Slow mode, write limits, a feature or resource that is overloaded for the moment.
_RETRY = frozenset({130000, 20016, 20028, 20029, 40004, 40006, 40062})
# A right of the bot that was taken away, perhaps by mistake, and can be given back: 50001 missing access, 50013 missing
# permissions, 160005 the thread is locked.
_MISSING_ACCESS = 50001
_RIGHTS = frozenset({_MISSING_ACCESS, 50013, 160005})
_UNKNOWN_CHANNEL = 10003
_UNKNOWN_MESSAGE = 10008
_BARE_429_WAIT = 5.0
_GROUP_POSTS_AT_ONCE = 8


def open_channels(settings: Settings, methods: Iterable[Method]) -> dict[Method, DiscordChannel]:
    """The registry's entry: all methods share one account, its connections and its rate limits."""
    account = _Account(settings)
    return {method: DiscordChannel(method, settings, account) for method in methods}


class DiscordChannel:
    """Direct messages, or group posts. Only direct messages are paced; redirected group posts are such."""

    def __init__(self, method: Method, settings: Settings, account: _Account) -> None:
        paced = method is Method.DISCORD_DM or bool(settings.redirect_discord)
        self.concurrency = 1 if paced else _GROUP_POSTS_AT_ONCE
        self.interval = settings.dm_interval if paced else 0.0
        self._account = account

    def prepare(self, message: Message, timeout: float = 10.0) -> Message:
        """The DM channel is opened before the message's turn comes, so that the post itself keeps the pace."""
        if not isinstance(message, DiscordMessage) or message.discord_id is None or _remembered(message):
            return message
        person = content.discord_id(message.discord_id, "person's id")
        return replace(message, channel_id=self._account.open_dm(person, time.monotonic() + timeout))

    def send(self, message: Message, timeout: float = 10.0) -> Receipt:
        """Post one message, opening the DM channel if it is not known or gone, see Channel.send."""
        if not isinstance(message, DiscordMessage):
            raise TypeError(f"not a Discord message: {type(message).__name__}")
        body = content.discord_body(message)
        deadline = time.monotonic() + timeout
        if message.discord_id is None:
            return self._account.post(content.discord_id(message.channel_id, "channel"), body, deadline)
        person = content.discord_id(message.discord_id, "person's id")
        if channel := _remembered(message):
            try:
                return self._post_dm(channel, body, deadline)
            except (_ChannelGoneError, _NoAccessError):
                pass  # a remembered channel is only a short cut
        return self._post_dm(self._account.open_dm(person, deadline), body, deadline)

    def learned(self) -> dict[str, str]:
        """The DM channels opened by this bot, whatever the method: Discord id -> channel id, see Channel.learned."""
        return self._account.learned()

    def close(self) -> None:
        """Close the connections."""
        self._account.close()

    def _post_dm(self, channel_id: str, body: dict[str, Any], deadline: float) -> Receipt:
        receipt = self._account.post(channel_id, body, deadline)
        return Receipt(receipt.provider_message_id, dm_channel_id=channel_id)


class _ChannelGoneError(RecipientError):
    """The channel does not exist (any more) for this bot."""


class _NoAccessError(TemporaryError):
    """The bot may not see the channel at present."""


class _Account:
    """One bot token: its connections and its rate limits."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = settings.secrets
        self._limits = RateLimits(cautious=True)
        self._http = providers.discord(settings)
        self._opened: dict[str, str] = {}
        self._lock = threading.Lock()

    def open_dm(self, person: str, deadline: float) -> str:
        """The id of the DM channel with this person; Discord returns the existing one if there is one."""
        try:
            answer = self._exchange("/users/@me/channels", "", {"recipient_id": person}, deadline)
        except UnknownOutcomeError as error:
            # No message is on its way yet, so it is certain that none was sent.
            raise TemporaryError(f"while opening the DM channel: {error}", provider_down=True) from error
        channel = _id(answer)
        if answer.status >= 300 or channel is None:
            raise TemporaryError("Discord's answer names no DM channel", provider_down=True)
        with self._lock:
            self._opened[person] = channel
        return channel

    def learned(self) -> dict[str, str]:
        """See Channel.learned."""
        with self._lock:
            opened, self._opened = self._opened, {}
        return opened

    def post(self, channel_id: str, body: dict[str, Any], deadline: float) -> Receipt:
        """Post into a channel."""
        answer = self._exchange("/channels/{}/messages", channel_id, body, deadline)
        # A refusal that came through _exchange is that of _UNKNOWN_MESSAGE. JSON that broke off was still an answer.
        is_json = "json" in answer.headers.get("content-type", "")
        is_message = answer.status in (200, 201) and (
            isinstance(answer.json(), dict) or (is_json and not answer.complete)
        )
        if is_message or answer.status >= 400:
            return Receipt(provider_message_id=_id(answer))
        raise UnknownOutcomeError(f"Discord answered {answer.status}, but not with the message")

    def close(self) -> None:
        self._http.close()

    def _exchange(self, route: str, major: str, body: dict[str, Any], deadline: float) -> Answer:
        """One request within the rate limits; returns only an answer that is no refusal."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TemporaryError("Discord took too long to open the DM channel", provider_down=True)
        self._limits.enter(route, major)
        try:
            answer = self._http.request("POST", route.format(major), body, timeout=remaining)
            self._limits.learn(route, major, answer.headers)
        except UnicodeEncodeError:
            raise RecipientError("the message contains characters that are not text") from None
        finally:
            self._limits.leave(route, major)
        if answer.status == 429:
            raise self._slow_down(answer, route, major)
        # The message of a former attempt with this nonce was deleted meanwhile: it had been delivered.
        if answer.status < 300 or _code(answer) == _UNKNOWN_MESSAGE:
            return answer
        raise _refusal(answer, self._secrets)

    def _slow_down(self, answer: Answer, route: str, major: str) -> DeliveryError:
        data = answer.json()
        if not isinstance(data, dict) and answer.body.strip() and "via" not in answer.headers:
            return AccountError(
                "Discord refuses us: Cloudflare has banned this host for too many bad requests (429); "
                "stop sending from it for an hour and look for the cause in `notify log --status failed`"
            )
        told = data if isinstance(data, dict) else {}
        wait = seconds(told.get("retry_after"))
        # Without a word from Discord itself we do not know which limit it was.
        everything = wait is None or bool(told.get("global")) or answer.headers.get("x-ratelimit-scope") == "global"
        if wait is None:
            wait = retry_after(answer) or _BARE_429_WAIT
        self._limits.block(route, major, wait, everything=everything)
        words = clean(str(told.get("message", "")), self._secrets)
        return TemporaryError(f"Discord answered 429: {words or 'rate limited'}", retry_after=wait)


def _refusal(answer: Answer, secrets: tuple[str, ...]) -> DeliveryError:
    status, code, data = answer.status, _code(answer), answer.json()
    words = _words(data, secrets)
    text = f"Discord answered {status}" + (f" (code {code})" if code else "") + (f": {words}" if words else "")
    if status == 401 or code in _ACCOUNT or (status == 403 and not isinstance(data, dict)):
        advice = "check the bot's standing" if code in _STANDING else "check DISCORD_BOT_TOKEN"
        return AccountError(f"Discord refuses our bot ({code or status}): {words or 'no reason given'}; {advice}")
    if code in _RETRY:
        wait = seconds(data.get("retry_after")) if isinstance(data, dict) else None
        return TemporaryError(text, retry_after=wait)
    if status == 404 and not isinstance(data, dict):
        # Its own refusals are JSON, so this is another server: a wrong address must not fail everyone.
        return TemporaryError(f"{text}, without a reason: check DISCORD_API_URL", provider_down=True)
    if status in TRY_LATER or status < 400 or status >= 500:
        return TemporaryError(text, retry_after=retry_after(answer), provider_down=True)
    if code == _UNKNOWN_CHANNEL:
        return _ChannelGoneError(text)
    if code in _RIGHTS:
        return (_NoAccessError if code == _MISSING_ACCESS else TemporaryError)(text)
    return RecipientError(text)


def _code(answer: Answer) -> int | None:
    data = answer.json() if answer.status >= 400 else None
    code = data.get("code") if isinstance(data, dict) else None
    return code if isinstance(code, int) and code else None


def _remembered(message: DiscordMessage) -> str | None:
    """The DM channel that was opened before, if what is remembered can be one."""
    channel = message.channel_id
    return channel if channel and re.fullmatch(r"\w{1,64}", channel, re.ASCII) else None


def _id(answer: Answer) -> str | None:
    """The id of what Discord answers with."""
    data = answer.json()
    value = data.get("id") if isinstance(data, dict) else None
    return str(value) if isinstance(value, str | int) and re.fullmatch(r"\w{1,64}", str(value), re.ASCII) else None


def _words(data: Any, secrets: tuple[str, ...]) -> str:
    """Discord's message and what it says of single fields, as `content: Must be 2000 or fewer in length.`"""
    if not isinstance(data, dict):
        return ""
    details = "; ".join(_details(data.get("errors"), ""))
    return clean(" ".join(part for part in (str(data.get("message") or ""), details) if part), secrets)


def _details(errors: Any, where: str, depth: int = 0) -> Iterator[str]:
    if not isinstance(errors, dict) or depth > 8:
        return
    for name, value in errors.items():
        if name == "_errors" and isinstance(value, list):
            yield from (f"{where}: {error.get('message')}" for error in value if isinstance(error, dict))
        else:
            yield from _details(value, f"{where}.{name}".lstrip("."), depth + 1)
