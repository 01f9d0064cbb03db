"""Who carries our email: the carrier of NOTIFY_EMAIL_URL, and if that refuses our account, the one of the fallback."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from notify_cli.config import SENDGRID, Settings
from notify_cli.errors import AccountError
from notify_cli.model import Message, Receipt
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.channels import Channel


def open_channels(settings: Settings, methods: Iterable[Method]) -> dict[Method, Channel]:
    """The registry's entry. A carrier's module is loaded only when it is used."""
    first = _open(settings.email_url, settings)
    fallback = settings.email_fallback_url
    channel = first if not fallback or fallback == settings.email_url else WithFallback(first, fallback, settings)
    return dict.fromkeys(methods, channel)


def name(url: str) -> str:
    """What a carrier is called in the log and on stderr: `sendgrid`, or `smtp` with its host, without its user."""
    return "sendgrid" if url == SENDGRID else f"smtp {url.rpartition('@')[2].rpartition('/')[2]}"


class WithFallback:
    """Sends by the first carrier until that refuses our account, then by the second: the same email, in the same run.

    `given_up` says why the first was left, for whoever must act on it. Only a refusal of the account counts: then
    nothing was sent. What is temporary or unknown stays with the first, lest anybody get it twice.
    """

    def __init__(self, first: Channel, fallback: str, settings: Settings) -> None:
        self.concurrency = first.concurrency
        self.interval = first.interval
        self.given_up: AccountError | None = None
        self._first = first
        # Opened at once, which connects to nothing: a run in which its files are replaced can still fall back.
        self._second = _open(fallback, settings)
        self._fallback = fallback
        self._lock = threading.Lock()

    def prepare(self, message: Message, timeout: float = 10.0) -> Message:
        """Nothing comes before a send of email."""
        return message

    def send(self, message: Message, timeout: float = 10.0) -> Receipt:
        """Send by whichever carrier is in use, see Channel.send. The receipt names the second."""
        if self.given_up is None:
            try:
                return self._first.send(message, timeout)
            except AccountError as error:
                self._give_up(error)
        try:
            receipt = self._second.send(message, timeout)
        except AccountError as error:
            raise AccountError(f"{self.given_up}; and the fallback: {error}") from error
        return replace(receipt, carrier=name(self._fallback))

    def learned(self) -> dict[str, str]:
        """Nothing is looked up."""
        return {}

    def close(self) -> None:
        """Close both."""
        self._first.close()
        self._second.close()

    def _give_up(self, error: AccountError) -> None:
        with self._lock:
            self.given_up = self.given_up or AccountError(
                f"{error}; email goes on by {name(self._fallback)} (NOTIFY_EMAIL_FALLBACK_URL)"
            )


def _open(url: str, settings: Settings) -> Channel:
    if url == SENDGRID:
        from notify_cli.channels import email

        return email.open_channels(settings, [Method.EMAIL])[Method.EMAIL]
    from notify_cli.channels import smtp

    return smtp.SmtpChannel(url, settings)
