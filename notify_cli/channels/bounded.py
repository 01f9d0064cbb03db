"""A connection whose whole exchange ends at one deadline: httpcore's network backend, bounded.

The library itself bounds each single read, so a server that drips bytes could hold a request for ever, and it leaves
the name lookup unbounded.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore

# Shorter than the idle time of the providers' front ends (60 s and more), so that we rarely write into a connection
# that they are just closing: such a request fails as unknown, because nobody can tell whether it was read.
KEEPALIVE = 15.0


class Line(httpcore.NetworkBackend):
    """One thread's way to a provider: its connection, the deadline of its request, and how far that has come.

    Not for use by two threads. `written` says whether the request in flight was written to its last byte.
    """

    def __init__(self, tls: ssl.SSLContext | None, proxy: httpcore.Proxy | None) -> None:
        self.pool = httpcore.ConnectionPool(
            ssl_context=tls, proxy=proxy, max_connections=1, keepalive_expiry=KEEPALIVE, network_backend=self
        )
        self.written = False
        self._connecting = False
        self._deadline = 0.0
        self._backend = httpcore.SyncBackend()

    def begin(self, timeout: float) -> None:
        """A new request, to end within `timeout` seconds."""
        self._deadline = time.monotonic() + timeout
        self.written = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's `trace` extension: called as the request moves on."""
        if event == "http11.send_request_headers.started":
            # The request with which a proxy is asked to connect is not ours.
            self._connecting = info["request"].method == b"CONNECT"
        elif event == "http11.send_request_body.complete":
            self.written = not self._connecting

    def left(self, error: type[httpcore.TimeoutException]) -> float:
        """Seconds until the deadline. Raises `error` if there are none."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise error
        return remaining

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """httpcore's way to open a connection."""
        addresses = _resolve(host, port, self.left(httpcore.ConnectTimeout))
        for tried, address in enumerate(addresses):
            # A silent address must not use up the time of the next one.
            share = self.left(httpcore.ConnectTimeout) / (len(addresses) - tried)
            try:
                stream = self._backend.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses) - 1:
                    raise
            else:
                return _BoundedStream(stream, self)
        raise httpcore.ConnectError("the name has no address")


class _BoundedStream(httpcore.NetworkStream):
    """A stream whose every operation ends at the deadline of the request, however many there are."""

    def __init__(self, stream: httpcore.NetworkStream, line: Line) -> None:
        self._stream = stream
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._line.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), 16_384):
            self._stream.write(buffer[start : start + 16_384], self._line.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._line.left(httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._line)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    # The system's resolver knows no deadline and a dead name server holds it for half a minute: hence a thread.
    found: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))
        except (OSError, UnicodeError) as error:
            found.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        result = found.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name was not resolved") from None
    if isinstance(result, Exception):
        raise httpcore.ConnectError(f"the name {host} was not resolved") from result
    return result
