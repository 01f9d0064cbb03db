"""An SMTP server on loopback, a real one (aiosmtpd), that keeps what it is given and can be told to fail."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
from email import policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "course", "p@ss/word"


class FakeSmtp:
    """`replies` has what it answers, by the command or by an address in it: "550 5.1.1 no such user".

    For DATA it is what follows the message: besides an answer `abort` (the connection breaks off, the message is kept)
    and `hang`. `latency` is what every answer takes, in seconds.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, login: bool = False, latency: float = 0.0) -> None:
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.connections = 0
        self.replies: dict[str, str] = {}
        self.port = 0
        self._tls = tls
        self._login = login
        self._latency = latency
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[SMTP] = []

    @property
    def mails(self) -> list[EmailMessage]:
        """What it was given, in order of arrival."""
        return [_parsed(raw) for raw in self.raw]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        made = asyncio.run_coroutine_threadsafe(self._loop.create_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = made.result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for server in self._servers:
            if isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _serve(self) -> SMTP:
        self.connections += 1
        server = SMTP(
            self,
            tls_context=self._tls,
            require_starttls=bool(self._tls),
            auth_required=self._login,
            auth_require_tls=bool(self._tls),
            authenticator=self._authenticate,
            loop=self._loop,
            enable_SMTPUTF8=True,
        )
        self._servers.append(server)
        return server

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        await asyncio.sleep(self._latency)
        session.host_name = hostname
        return responses

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self._latency)
        return "221 Bye"

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self._latency)
        envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self._latency)
        said = self.replies.get(address, self.replies.get("RCPT", "250 OK"))
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(2 * self._latency)  # DATA, which aiosmtpd answers at once, and the message
        said = self.replies.get("DATA", "250 2.0.0 queued as 4711")
        assert isinstance(envelope.content, bytes)
        if said.startswith("250") or said == "abort":
            self.raw.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        if said == "abort":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if said == "hang":
            await asyncio.Event().wait()
        return said


def _parsed(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed
