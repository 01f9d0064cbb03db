"""One bounded HTTP exchange with a provider, and what its failure means for a delivery."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

from notify_cli.channels.proxies import proxy_for
from notify_cli.channels.transport import RequestBody, Transport, tls_context
from notify_cli.errors import AccountError, ConfigError, TemporaryError, UnknownOutcomeError
from notify_cli.messages import escape

MAX_BODY = 64 * 1024  # bytes
# Answers of 4xx that are not about the request: a proxy wants a login, it came too slowly, or too early (RFC 8470).
TRY_LATER = frozenset({407, 408, 425})

_NOTHING = httpx.ByteStream(b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer. Header names are in lower case; the body is at most MAX_BODY bytes of what came.

    `complete` is false if the body broke off, which only an answer of 2xx survives.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True

    def json(self) -> Any:
        """The decoded body, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Http:
    """Requests to one provider. `who` is its name in errors, `headers` go with every request.

    Each thread has a client with a connection of its own: threads that share one spend their time waiting for its
    lock. A proxy named in the environment is used, except towards this machine itself. Redirects are never followed.
    Raises ConfigError for an address that is none, and for a proxy of an unknown kind.
    """

    def __init__(self, who: str, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        self._who = who
        self._server, self._path = _split(who, base_url)
        given = [(name.encode(), value.encode("ascii", "replace")) for name, value in (headers or {}).items()]
        self._headers = [(b"Host", self._server.netloc), *given]
        self._tls = tls_context() if self._server.scheme == "https" else None
        self._proxy = proxy_for(self._server)
        self._own = threading.local()
        self._clients: list[httpx.Client] = []
        self._lock = threading.Lock()

    def request(self, method: str, path: str, payload: object = None, *, timeout: float = 10.0) -> Answer:
        """One exchange that ends within about `timeout` seconds; `payload` is sent as JSON.

        Raises TemporaryError (`provider_down`) if the request was certainly not carried out, UnknownOutcomeError if
        it had been written and no whole answer came, and UnicodeEncodeError for a payload that is not Unicode.
        """
        # Not ASCII-escaped: a lone surrogate must fail here, not reach the provider in disguise.
        body = RequestBody(b"" if payload is None else json.dumps(payload, ensure_ascii=False).encode())
        request = self._request(method, path, body, timeout)
        try:
            response = self._client().send(request, stream=True)
            try:
                answer = _read(response)
            finally:
                response.close()
                # It and the stream refer to each other: only the garbage collector would free them, which is slow.
                response.stream = _NOTHING
        except httpx.LocalProtocolError as error:
            raise AccountError(f"{self._who}: the key or token has a character that no header may hold") from error
        except httpx.TransportError as error:
            raise self._failure(error, body.written, timeout) from error
        if not answer.complete and not 200 <= answer.status < 300:
            raise UnknownOutcomeError(f"{self._who} answered {answer.status}, but the answer broke off")
        return answer

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for client in self._clients:
                client.close()

    def _request(self, method: str, path: str, body: RequestBody, timeout: float) -> httpx.Request:
        """The request as it is sent: httpx adds nothing to one that is made with a stream.

        The path is given apart from the URL. httpx logs the URL of every request, and a path may be a secret (that of
        the heartbeat is).
        """
        headers = self._headers
        if body.content:
            length = str(len(body.content)).encode()
            headers = [*headers, (b"Content-Type", b"application/json"), (b"Content-Length", length)]
        extensions = {"timeout": {"total": timeout}, "target": self._path + path.encode()}
        return httpx.Request(method, self._server, headers=headers, stream=body, extensions=extensions)

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._own, "client", None)
        if client is None:
            transport = Transport(self._tls, self._proxy)
            client = self._own.client = _Client(transport=transport, follow_redirects=False, trust_env=False)
            with self._lock:
                self._clients.append(client)
        return client

    def _failure(self, error: Exception, written: bool, timeout: float) -> TemporaryError | UnknownOutcomeError:
        late = isinstance(error, httpx.TimeoutException)
        limit = f"{round(timeout, 1):g} s"
        if written:
            what = f"did not answer within {limit}" if late else "broke the connection off before it answered"
            return UnknownOutcomeError(f"{self._who} {what}")
        what = f"not within {limit}" if late else clean(str(error)) or type(error).__name__
        by = f" through the proxy {self._proxy.url.host}:{self._proxy.url.port or 80}" if self._proxy else ""
        return TemporaryError(f"{self._who} cannot be reached{by}: {what}", provider_down=True)


class _NoCookies(httpx.Cookies):
    """Keeps none: a provider's cookies would tie one delivery to another, and to look for them is slow."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


class _Client(httpx.Client):
    cookies = _NoCookies()  # type: ignore[override] # instead of a property, by which httpx asks for them


def clean(text: str, hidden: Iterable[str] = (), limit: int = 300) -> str:
    """A provider's words as one line that may be stored and shown: without `hidden` strings and email addresses."""
    text = text[: 16 * limit]
    for secret in hidden:
        text = text.replace(secret, "***") if secret else text
    text = re.sub(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+", "<address>", text)
    # Also what PostgreSQL cannot store: NUL and lone surrogates.
    line = escape.header(re.sub(r"[\ud800-\udfff]", " ", text))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def retry_after(answer: Answer) -> float | None:
    """The Retry-After header in seconds from now; a date in it is held against the answer's own clock."""
    header = answer.headers.get("retry-after")
    until = epoch(header)
    if until is None:
        return seconds(header)
    return seconds(until - (epoch(answer.headers.get("date")) or time.time()))


def epoch(date: str | None) -> float | None:
    """An HTTP date as epoch seconds, or None if it is none."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None


def seconds(raw: object, most: float = 3600.0) -> float | None:
    """A provider's wish to wait as a sane number of seconds, or None."""
    try:
        wish = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(wish, 0.0), most) if wish == wish else None


def _split(who: str, base_url: str) -> tuple[httpx.URL, bytes]:
    """The server of an address, and the path before each request's own. A user in the address is left out."""
    try:
        url = httpx.URL(base_url)
        server = httpx.URL(scheme=url.scheme, host=url.host, port=url.port)
    except httpx.InvalidURL as error:
        raise ConfigError(f"the address of {who} is not a valid URL") from error
    return server, url.raw_path.partition(b"?")[0].rstrip(b"/")


def _read(response: httpx.Response) -> Answer:
    body = bytearray()
    complete = True
    try:
        # As it came, neither decoded nor counted.
        for chunk in cast("Iterable[bytes]", response.stream):
            body += chunk
            if len(body) >= MAX_BODY:
                break
    except httpx.TransportError:
        complete = False
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return Answer(response.status_code, headers, bytes(body[:MAX_BODY]), complete)
