"""A small, quick HTTP/1.1 server on 127.0.0.1 that records what it is asked and misbehaves on request.

It runs in a thread of the test, or as a process of its own (`python -m tests.support.fakes.sendgrid --port 0`), which
prints its URL as the first line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REASONS = {200: "OK", 202: "Accepted", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Request:
    """What arrived. Header names are in lower case, `at` is the arrival time (epoch seconds)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int

    @cached_property
    def json(self) -> Any:
        """The decoded body, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """An answer. A dict or list body is sent as JSON. A header of the value None is left out."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str | None] = field(default_factory=dict)

    def encode(self) -> tuple[bytes, bytes]:
        """The head, its empty line included, and the body."""
        is_json = isinstance(self.body, dict | list)
        body = json.dumps(self.body).encode() if is_json else self.body
        body = body.encode() if isinstance(body, str) else body
        headers: dict[str, str | None] = {
            "Content-Type": "application/json" if is_json else "text/plain",
            "Content-Length": str(len(body)),
            "Date": formatdate(usegmt=True),
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), body


@dataclass(frozen=True)
class Hang:
    """Take the request and never answer. `processed`: it was carried out all the same."""

    processed: bool = False


@dataclass(frozen=True)
class Reset:
    """Take the request and reset the connection (RST), before or after it was carried out."""

    processed: bool = False


@dataclass(frozen=True)
class Close:
    """Take the request and close the connection (FIN) without a word, before or after it was carried out."""

    processed: bool = False


@dataclass(frozen=True)
class Truncated:
    """Answer (as usual, or with `reply`), but close the connection in the middle of the body."""

    reply: Reply | None = None


@dataclass(frozen=True)
class Drip:
    """Answer (as usual, or with `reply`) a byte at a time, every `interval` seconds, never to an end.

    `where` says what drips: the `head`, or the `body`, made endless for it.
    """

    where: str = "body"
    interval: float = 0.02
    reply: Reply | None = None


Step = Reply | Hang | Reset | Close | Truncated | Drip | None
Decide = Callable[[Request], Step]


class FakeServer(ABC):
    """One fake provider. Use it as a context manager, or `serve_forever` in a process of its own.

    `requests` holds all that arrived, `invalid` what the provider would have refused and why. `latency` is the time
    in seconds that every answer takes.
    """

    def __init__(
        self, *, port: int = 0, latency: float = 0.0, record: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.latency = latency
        self.requests: list[Request] = []
        self.invalid: list[tuple[Request, str]] = []
        self.connections = 0
        self._port = port
        self._record = record.open("a", encoding="utf-8") if record else None
        self._tls = tls
        self._decide: Decide = lambda _: None
        self._transports: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Carry the request out as the real provider would."""

    def describe(self, request: Request) -> dict[str, Any]:
        """What identifies the request in the record file."""
        return {"json": request.json}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://{'localhost' if self._tls else '127.0.0.1'}:{self._port}"

    def script(self, steps: Sequence[Step] | Decide) -> None:
        """What the next requests meet, one step each (None: the usual answer), or what decides for each."""
        if callable(steps):
            self._decide = steps
        else:
            rest = iter(steps)
            self._decide = lambda _: next(rest, None)

    def refuse(self, request: Request, reason: str) -> None:
        """Remember a request that the real provider would refuse."""
        self.invalid.append((request, reason))

    def drop_connections(self) -> None:
        """Close every idle connection, as a server does after its keep-alive time."""
        done = threading.Event()

        def close() -> None:
            for transport in self._transports:
                transport.close()
            self._loop.call_soon(done.set)

        self._loop.call_soon_threadsafe(close)
        done.wait(5)

    def __enter__(self) -> Self:
        self._loop.run_until_complete(self._listen())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join(5)
        self._loop.run_until_complete(self._shut())
        self._loop.close()
        if self._record:
            self._record.close()

    def serve_forever(self) -> None:
        """Listen, print the URL, serve until killed."""
        self._loop.run_until_complete(self._listen())
        sys.stdout.write(self.url + "\n")
        sys.stdout.flush()
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", self._port, ssl=self._tls, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server:
            self._server.close()
        for transport in list(self._transports):
            transport.abort()
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    def _note(self, request: Request, reply: Reply | None, step: Step) -> None:
        if self._record:
            line = {
                "at": request.at,
                "method": request.method,
                "path": request.path,
                "status": reply.status if reply else None,
                "step": type(step).__name__ if step else None,
                **self.describe(request),
            }
            self._record.write(json.dumps(line) + "\n")
            self._record.flush()


class _Connection(asyncio.Protocol):
    """One client connection: reads requests, plays the scripted step or the usual answer."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.buffer = b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.connections += 1
        self.number = self.server.connections
        self.server._transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server._transports.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.busy:
            self._next_request()

    def _next_request(self) -> None:
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        method, path, _ = first.split(" ", 2)
        self.busy = True
        request = Request(method, path, headers, rest[:length], time.time(), self.number)
        self.server.requests.append(request)
        self._play(request, self.server._decide(request))

    def _play(self, request: Request, step: Step) -> None:
        carried_out = step is None or getattr(step, "processed", False) or getattr(step, "reply", self) is None
        usual = self.server.answer(request) if carried_out else None
        reply = step if isinstance(step, Reply) else getattr(step, "reply", None) or usual
        self.server._note(request, usual, step)
        if isinstance(step, Reset):
            raw = self.transport.get_extra_info("socket")
            # Linger 0 makes the kernel send RST instead of FIN.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif isinstance(step, Close):
            self.transport.close()
        elif isinstance(step, Truncated):
            assert reply is not None
            head, body = reply.encode()
            if not body:
                head, body = Reply(reply.status, b"{}", reply.headers).encode()
            self.transport.write(head + body[: len(body) // 2])
            self.transport.close()
        elif isinstance(step, Drip):
            assert reply is not None
            task = self.server._loop.create_task(self._drip(step, reply))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        elif not isinstance(step, Hang):
            assert reply is not None
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        if self.server.latency:
            self.server._loop.call_later(self.server.latency, self._write, reply)
        else:
            self._write(reply)

    def _write(self, reply: Reply) -> None:
        head, body = reply.encode()
        if not self.transport.is_closing():
            self.transport.write(head + body)
        self.busy = False
        if self.buffer:
            self._next_request()

    async def _drip(self, step: Drip, reply: Reply) -> None:
        head, body = Reply(reply.status, reply.body, {**reply.headers, "Content-Length": "1000000"}).encode()
        slow: Iterable[bytes] = (b"X-Drip: ", *[b"x"] * 10_000)
        if step.where == "head":
            self.transport.write(head[:-2])
        else:
            self.transport.write(head + body)
            slow = [b" "] * 10_000
        for piece in slow:
            if self.transport.is_closing():
                return
            self.transport.write(piece)
            await asyncio.sleep(step.interval)


def self_signed() -> tuple[bytes, bytes]:
    """A fresh certificate for `localhost` and its key, both PEM. Raises ImportError without `cryptography`."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), pem_key


def tls_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context with a fresh self-signed certificate, and the file with which a client may trust it."""
    certificate, key = self_signed()
    (folder / "fake-cert.pem").write_bytes(certificate)
    (folder / "fake-key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "fake-cert.pem", folder / "fake-key.pem")
    return context, folder / "fake-cert.pem"


def options(description: str) -> argparse.ArgumentParser:
    """The command line that every fake shares."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument("--record", type=Path, help="append a JSON line per request to this file")
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that meet a random fault")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def random_faults(share: float, seed: int) -> Decide:
    """Decides for each request: `share` of them meet an error, a reset before or after it was carried out."""
    dice = random.Random(seed)  # noqa: S311 a reproducible storm, no secret
    faults: list[Step] = [Reply(500, "oops"), Reply(503), Reset(), Reset(processed=True), Close(processed=True)]
    return lambda _: dice.choice(faults) if dice.random() < share else None
