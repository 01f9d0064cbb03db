"""The outbox: a folder that takes every message as a file, so that nothing leaves the machine.

An email becomes a complete `.eml` with its invite, a Discord message a `.json` with the request as it would be sent.
A file is named after its notification key, so a repeated attempt replaces it. index.html lists the newest.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

from notify_cli import files
from notify_cli.channels import content, outbox_index
from notify_cli.config import Settings
from notify_cli.errors import ConfigError, RecipientError, TemporaryError
from notify_cli.messages import escape
from notify_cli.model import DiscordMessage, Email, Message, Receipt, TextMessage
from notify_cli.registry import Method


def open_channels(settings: Settings, methods: Iterable[Method]) -> dict[Method, OutboxChannel]:
    """The registry's entry. Raises ConfigError if the folder cannot be used."""
    return dict.fromkeys(methods, OutboxChannel(settings))


class OutboxChannel:
    """An open outbox folder, created if it is missing. `clock` gives the Date of an email."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if settings.outbox is None:
            raise ConfigError("NOTIFY_OUTBOX is not set")
        self.concurrency = 4
        self.interval = 0.0
        self._settings = settings
        self._folder = settings.outbox
        self._clock = clock
        self._written = False
        try:
            files.make_folder(self._folder)
        except OSError as error:
            raise ConfigError(f"NOTIFY_OUTBOX: cannot use {self._folder} as a folder: {error.strerror}") from error
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise ConfigError(f"NOTIFY_OUTBOX: cannot write in {self._folder}")

    def prepare(self, message: Message, timeout: float = 10.0) -> Message:
        """Nothing comes before a send."""
        return message

    def send(self, message: Message, timeout: float = 10.0) -> Receipt:
        """Write one file whole or not at all, see Channel.send. The receipt names the file."""
        try:
            if isinstance(message, Email):
                name, data = _name(message.key, "eml"), eml(message, self._settings, self._clock())
            elif isinstance(message, DiscordMessage):
                name, data = _name(message.key, "json"), discord_json(message)
            else:
                name, data = _name(message.key, "json"), text_json(message)
        except UnicodeEncodeError:
            raise RecipientError("the message contains characters that are not text") from None
        try:
            files.make_folder(self._folder)  # somebody may have emptied the place meanwhile
            files.write(self._folder / name, data)
            self._written = True
        except OSError as error:
            raise TemporaryError(f"the outbox cannot be written: {error.strerror}", provider_down=True) from error
        return Receipt(provider_message_id=name)

    def learned(self) -> dict[str, str]:
        """Nothing is looked up."""
        return {}

    def close(self) -> None:
        """Bring the index of the folder up to date, if anything was written."""
        if self._written:
            with suppress(OSError):  # every message is there
                outbox_index.write(self._folder)


def eml(message: Email, settings: Settings, date: datetime | None = None) -> bytes:
    """The email as a file that mail clients open: text, HTML and calendar part, the invite attached too.

    Raises RecipientError for a bad address, UnicodeEncodeError for text that is none.
    """
    to = content.email_address(message)
    mail = EmailMessage(policy=policy.SMTP if to.isascii() else policy.SMTPUTF8)
    mail["From"] = _mailbox(settings.from_name, settings.from_email)
    mail["To"] = _mailbox(message.to_name, to)
    mail["Subject"] = escape.header(message.subject)
    if settings.reply_to:
        mail["Reply-To"] = settings.reply_to
    if date:
        mail["Date"] = date
    for name, value in content.email_headers(message, settings).items():
        mail[name] = value
    if message.reminder_id is not None:
        mail["X-Reminder-Id"] = str(message.reminder_id)
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    if message.invite:
        # As bytes: the stream must arrive exactly, its CRLF neither changed nor doubled.
        ics = message.invite.ics.encode()
        mail.add_alternative(ics, "text", "calendar", params={"method": message.invite.method, "charset": "utf-8"})
        mail.add_attachment(ics, "application", "ics", filename=content.INVITE_NAME)
    return mail.as_bytes()


def discord_json(message: DiscordMessage) -> bytes:
    """The Discord request and where it would go. Raises as the real channel does for what Discord never takes."""
    if message.discord_id is not None:
        target = {"recipient_id": content.discord_id(message.discord_id, "person's id")}
        method = Method.DISCORD_DM
    else:
        target = {"channel_id": content.discord_id(message.channel_id, "channel")}
        method = Method.DISCORD_CHANNEL
    document = {
        "notification_key": message.key,
        "method": method.value,
        **target,
        "reminder_id": message.reminder_id,
        "body": content.discord_body(message),
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def text_json(message: TextMessage) -> bytes:
    """A plain text and where it would go."""
    document = {
        "notification_key": message.key,
        "to": message.to,
        "reminder_id": message.reminder_id,
        "body": {"text": message.content},
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _mailbox(name: str, address: str) -> Address:
    # Not as `addr_spec`, whose parser knows no international addresses.
    local, _, domain = address.rpartition("@")
    return Address(escape.header(name), local, domain)


def _name(key: str, suffix: str) -> str:
    """Readable and sorted by job, occurrence and recipient; the fingerprint keeps apart what reads the same."""
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", key).strip("-")[:120]
    return f"{readable}-{content.identity(key)}.{suffix}"
