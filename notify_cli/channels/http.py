"""One bounded HTTP exchange with a provider and what its failure means (with bounded.py: all of httpcore).

httpcore is the engine below httpx. Used directly, its network backend lets a deadline hold for the whole exchange
(see bounded.py), its trace tells for certain whether the request had been written when it failed, and a request costs
two thirds of the CPU.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore

from notify_cli.channels.bounded import Line
from notify_cli.errors import AccountError, ConfigError, TemporaryError, UnknownOutcomeError

MAX_BODY = 64 * 1024

_FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)


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

    Each thread has a connection of its own: threads that share a pool spend their time waiting for its lock.
    A proxy named in the environment is used, except towards this machine itself. Redirects are never followed.
    """

    def __init__(self, who: str, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(base_url)
        self._who = who
        self._scheme, self._path = parts.scheme, parts.path.rstrip("/")
        self._host, self._port = parts.hostname or "", parts.port
        self._headers = [(name.encode(), value.encode("ascii", "replace")) for name, value in (headers or {}).items()]
        self._tls = httpcore.default_ssl_context() if self._scheme == "https" else None
        self._proxy = _proxy(self._scheme, self._host)
        self._own = threading.local()
        self._lines: list[Line] = []
        self._lock = threading.Lock()

    def request(self, method: str, path: str, payload: object = None, *, timeout: float = 10.0) -> Answer:
        """One exchange that ends within about `timeout` seconds; `payload` is sent as JSON.

        Raises TemporaryError (`provider_down`) if the request was certainly not carried out, UnknownOutcomeError if
        it had been written and no whole answer came, and UnicodeEncodeError for a payload that is not Unicode.
        """
        # Not ASCII-escaped: a lone surrogate must fail here, not reach the provider in disguise.
        body = b"" if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        headers = [*self._headers, (b"Content-Type", b"application/json")] if body else self._headers
        line = self._line()
        line.begin(timeout)
        try:
            with line.pool.stream(
                method, self._url(path), headers=headers, content=body, extensions={"trace": line.trace}
            ) as response:
                answer = _read(response)
        except httpcore.LocalProtocolError as error:
            raise AccountError(f"{self._who}: the key or token has a character that no header may hold") from error
        except _FAILURES as error:
            raise self._failure(error, line.written, timeout) from error
        if not answer.complete and not 200 <= answer.status < 300:
            raise UnknownOutcomeError(f"{self._who} answered {answer.status}, but the answer broke off")
        return answer

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for line in self._lines:
                line.pool.close()

    def _url(self, path: str) -> httpcore.URL:
        host = self._host if self._host.isascii() else self._host.encode("idna").decode()
        return httpcore.URL(
            scheme=self._scheme.encode(), host=host.encode(), port=self._port, target=(self._path + path).encode()
        )

    def _line(self) -> Line:
        line: Line | None = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = Line(self._tls, self._proxy)
            with self._lock:
                self._lines.append(line)
        return line

    def _failure(self, error: Exception, written: bool, timeout: float) -> TemporaryError | UnknownOutcomeError:
        late = isinstance(error, httpcore.TimeoutException)
        limit = f"{round(timeout, 1):g} s"
        if written:
            what = f"did not answer within {limit}" if late else "broke the connection off before it answered"
            return UnknownOutcomeError(f"{self._who} {what}")
        what = f"not within {limit}" if late else clean(str(error)) or type(error).__name__
        return TemporaryError(f"{self._who} cannot be reached: {what}", provider_down=True)


def clean(text: str, hidden: Iterable[str] = (), limit: int = 300) -> str:
    """A provider's words as one line that may be stored and shown: without `hidden` strings and email addresses."""
    text = text[: 16 * limit]
    for secret in hidden:
        text = text.replace(secret, "***") if secret else text
    text = re.sub(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+", "<address>", text)
    # Also what PostgreSQL cannot store: NUL and lone surrogates.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
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


def _read(response: httpcore.Response) -> Answer:
    body = bytearray()
    complete = True
    try:
        for chunk in response.iter_stream():
            body += chunk
            if len(body) >= MAX_BODY:
                break
    except _FAILURES:
        complete = False
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status, headers, bytes(body[:MAX_BODY]), complete)


def _proxy(scheme: str, host: str) -> httpcore.Proxy | None:
    if _is_this_machine(host) or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or proxy_bypass(host):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError("the proxy in the environment is not an http(s) proxy, the only kind supported")
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return httpcore.Proxy(f"{parts.scheme}://{host}{port}", auth=auth)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
