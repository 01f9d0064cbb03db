"""Email by SMTP (RFC 5321): a server that takes our mail, with TLS (RFC 3207) and a login where it wants one.

A connection is kept by each thread. Commands are not sent ahead of their answers: every answer decides what follows,
and with connections kept an email costs four round trips.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from notify_cli.addresses import is_this_machine
from notify_cli.channels import content, outbox
from notify_cli.channels.http import clean
from notify_cli.config import Settings
from notify_cli.errors import (
    AccountError,
    ConfigError,
    DeliveryError,
    RecipientError,
    TemporaryError,
    UnknownOutcomeError,
)
from notify_cli.model import Email, Message, Receipt

MOST_CONNECTIONS = 20  # at once; servers commonly allow no more from one address
IDLE = 20.0  # seconds after which a kept connection is asked whether it still lives

# Enhanced status codes (RFC 3463) and words that speak of us, not of the recipient: a login is wanted, relaying is
# denied, our quota is used up.
_OURS = re.compile(r"\b5\.7\.(?:0|3|8|9|14|57|64)\b|\b5\.4\.5\b|relay|authenticat|quota exceeded|sender", re.IGNORECASE)


@dataclass(slots=True)
class _Connection:
    """An open connection and when it was last used, a time.monotonic()."""

    smtp: smtplib.SMTP
    used: float


class SmtpChannel:
    """An SMTP server and our account there. Nothing is connected until the first send."""

    def __init__(self, url: str, settings: Settings) -> None:
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ConfigError("NOTIFY_EMAIL_URL names no SMTP server")
        self.concurrency = min(settings.email_concurrency, MOST_CONNECTIONS)
        self.interval = 0.0
        self._settings = settings
        self._host = parts.hostname
        self._implicit = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit else 587)
        self._login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        self._who = f"the SMTP server {self._host}"
        self._tls = ssl.create_default_context()
        self._own = threading.local()
        self._lock = threading.Lock()
        self._opened: list[_Connection] = []

    def prepare(self, message: Message, timeout: float = 10.0) -> Message:
        """Nothing comes before a send."""
        return message

    def learned(self) -> dict[str, str]:
        """Nothing is looked up."""
        return {}

    def send(self, message: Message, timeout: float = 10.0) -> Receipt:
        """Hand one email to the server, see Channel.send. Only a 2xx behind its last byte means that it took it."""
        if not isinstance(message, Email):
            raise TypeError(f"not an email: {type(message).__name__}")
        deadline = time.monotonic() + timeout
        to = content.email_address(message)
        try:
            data = outbox.eml(message, self._settings, datetime.now(UTC))
        except UnicodeEncodeError:
            raise RecipientError("the email contains characters that are not text") from None
        connection = self._connection(deadline, timeout)
        try:
            self._begin(connection.smtp, to, deadline)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._drop(connection)
            raise self._unreachable(error, timeout) from error
        except DeliveryError:
            self._reset(connection)
            raise
        return self._hand_over(connection, data, deadline, timeout)

    def greet(self, timeout: float = 10.0) -> None:
        """Connect, with TLS and the login as for an email, and send none. Raises as `send` does."""
        self._connection(time.monotonic() + timeout, timeout)

    def close(self) -> None:
        """Take leave of the server on every connection."""
        with self._lock:
            opened, self._opened = self._opened, []
        for connection in opened:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if connection.smtp.sock:
                    connection.smtp.sock.settimeout(1.0)
                connection.smtp.quit()
            connection.smtp.close()

    def _begin(self, smtp: smtplib.SMTP, to: str, deadline: float) -> None:
        """The envelope, up to the server's word that it waits for the message."""
        utf8 = not to.isascii()
        if utf8 and not smtp.has_extn("smtputf8"):
            raise RecipientError("the address has letters that this SMTP server does not take (no SMTPUTF8)")
        if utf8:
            smtp.command_encoding = "utf-8"
        options = " SMTPUTF8" if utf8 else ""
        self._ask(smtp, f"MAIL FROM:<{self._settings.from_email}>{options}", deadline, about_us=True)
        self._ask(smtp, f"RCPT TO:<{to}>", deadline)
        self._ask(smtp, "DATA", deadline, wanted=3)

    def _hand_over(self, connection: _Connection, data: bytes, deadline: float, timeout: float) -> Receipt:
        smtp = connection.smtp
        lines = re.sub(rb"(?m)^\.", b"..", data)
        lines += b"" if lines.endswith(b"\r\n") else b"\r\n"
        try:
            self._within(smtp, deadline)
            smtp.send(lines)
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._drop(connection)  # without the last line the server has no message to deliver
            raise self._unreachable(error, timeout) from error
        try:
            self._within(smtp, deadline)
            smtp.send(b".\r\n")
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self._drop(connection)
            what = (
                f"did not answer within {timeout:g} s"
                if _is_late(error)
                else "broke the connection off before it answered"
            )
            raise UnknownOutcomeError(f"{self._who} {what}") from error
        connection.used = time.monotonic()
        if code // 100 != 2:
            raise self._refusal(code, words)
        return Receipt(
            provider_message_id=clean(words.decode("utf-8", "replace"), self._settings.secrets)[:200] or None
        )

    def _ask(
        self, smtp: smtplib.SMTP, command: str, deadline: float, *, wanted: int = 2, about_us: bool = False
    ) -> None:
        """One command; raises what its answer means unless that is one of the wanted class."""
        self._within(smtp, deadline)
        code, words = smtp.docmd(command)
        if code // 100 != wanted:
            raise self._refusal(code, words, about_us=about_us)

    def _refusal(self, code: int, words: bytes, *, about_us: bool = False) -> DeliveryError:
        said = clean(words.decode("utf-8", "replace"), self._settings.secrets)
        text = f"{self._who} answered {code}" + (f": {said}" if said else "")
        if code == 421:
            return TemporaryError(text, provider_down=True)
        if 400 <= code < 500:
            return TemporaryError(text)
        if about_us or code in (530, 534, 535) or (code != 552 and _OURS.search(said)):
            return AccountError(f"{text}; check NOTIFY_EMAIL_URL, FROM_EMAIL and the account there")
        if 500 <= code < 600:
            return RecipientError(text)
        return UnknownOutcomeError(f"{text}, which is no answer of SMTP")

    def _connection(self, deadline: float, timeout: float) -> _Connection:
        """This thread's connection, made anew if there is none or it has died."""
        kept: _Connection | None = getattr(self._own, "connection", None)
        if kept is not None and time.monotonic() - kept.used > IDLE:
            try:
                self._within(kept.smtp, deadline)
                alive = kept.smtp.noop()[0] == 250
            except (OSError, smtplib.SMTPException):
                alive = False
            if not alive:
                self._drop(kept)
                kept = None
        if kept is not None:
            return kept
        try:
            made = _Connection(self._connect(deadline), time.monotonic())
        except ssl.SSLCertVerificationError as error:
            raise AccountError(f"{self._who} cannot prove who it is: {error.verify_message}") from error
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise self._unreachable(error, timeout) from error
        self._own.connection = made
        with self._lock:
            self._opened.append(made)
        return made

    def _connect(self, deadline: float) -> smtplib.SMTP:
        left = max(0.05, deadline - time.monotonic())
        domain = self._settings.from_email.rpartition("@")[2]
        name = domain if domain.isascii() and domain else "localhost"
        if self._implicit:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=name, timeout=left, context=self._tls)
        else:
            smtp = smtplib.SMTP(local_hostname=name, timeout=left)
        smtp._host = self._host  # type: ignore[attr-defined]  # what the certificate is checked against
        try:
            code, words = smtp.connect(self._host, self._port)
            if code != 220:
                raise self._refusal(code, words)
            self._within(smtp, deadline)
            smtp.ehlo_or_helo_if_needed()
            self._secure(smtp, deadline)
        except smtplib.SMTPResponseException as error:
            smtp.close()
            raise self._refusal(error.smtp_code, _bytes(error.smtp_error)) from error
        except (DeliveryError, OSError):
            smtp.close()
            raise
        return smtp

    def _secure(self, smtp: smtplib.SMTP, deadline: float) -> None:
        """TLS and the login. Without TLS nothing goes but to this machine itself."""
        if not self._implicit:
            if smtp.has_extn("starttls"):
                self._within(smtp, deadline)
                smtp.starttls(context=self._tls)
                smtp.ehlo()
            elif not is_this_machine(self._host):
                raise AccountError(f"{self._who} offers no TLS: use smtps://, or another port")
        if self._login is None:
            return
        self._within(smtp, deadline)
        try:
            smtp.login(*self._login)
        except smtplib.SMTPResponseException as error:
            said = self._refusal(error.smtp_code, _bytes(error.smtp_error), about_us=True)
            raise said from error
        except smtplib.SMTPException as error:  # no AUTH, or none that both know
            raise AccountError(f"{self._who} takes no login: {clean(str(error), self._settings.secrets)}") from error

    def _within(self, smtp: smtplib.SMTP, deadline: float) -> None:
        """Let the next step take what is left of the time."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        if smtp.sock:
            smtp.sock.settimeout(left)

    def _reset(self, connection: _Connection) -> None:
        """Make the connection good for the next email after a refusal."""
        connection.used = time.monotonic()
        try:
            if connection.smtp.rset()[0] != 250:
                self._drop(connection)
        except (OSError, smtplib.SMTPException):
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        connection.smtp.close()
        self._own.connection = None
        with self._lock, contextlib.suppress(ValueError):
            self._opened.remove(connection)

    def _unreachable(self, error: Exception, timeout: float) -> TemporaryError:
        what = f"not within {timeout:g} s" if _is_late(error) else clean(str(error)) or type(error).__name__
        return TemporaryError(f"{self._who} cannot be reached: {what}", provider_down=True)


def _is_late(error: Exception) -> bool:
    """Whether the time was up; smtplib says of that, too, that the server disconnected."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
