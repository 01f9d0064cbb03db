"""A connection whose whole exchange ends at one moment: a network backend for httpcore, the engine below httpx.

httpcore bounds each single read and write. A server that sends a byte now and then could so hold a request for ever,
and the look-up of a name has no bound at all.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

_PIECE = 16 * 1024  # bytes, written at once: the time left is looked at before each


class Deadline:
    """When the exchange in progress must have ended. For one thread: it has one exchange at a time."""

    def __init__(self) -> None:
        self._at = 0.0

    def begin(self, seconds: float) -> None:
        """Begin an exchange that may take so many seconds in all."""
        self._at = time.monotonic() + seconds

    def left(self, error: type[httpcore.TimeoutException]) -> float:
        """The seconds that are left. Raises `error` if there are none."""
        remaining = self._at - time.monotonic()
        if remaining <= 0:
            raise error
        return remaining


class Backend(httpcore.NetworkBackend):
    """Opens connections of which every step ends at the deadline, the look-up of the name and the TLS handshake too.

    The `timeout` that httpcore hands to each step is not used, here and in the streams.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers. Raises httpcore.ConnectError, ConnectTimeout."""
        addresses = _resolve(host, port, self._deadline.left(httpcore.ConnectTimeout))
        for tried, address in enumerate(addresses):
            # An address that does not answer must leave time for the next one.
            share = self._deadline.left(httpcore.ConnectTimeout) / (len(addresses) - tried)
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses) - 1:
                    raise
            else:
                return _Stream(stream, self._deadline)
        raise httpcore.ConnectError("the name has no address")


class _Stream(httpcore.NetworkStream):
    """A connection of which every read and write ends at the deadline, however many there are.

    httpcore writes the head of a request first and then its body, an empty one too. The head is kept until then, so
    that both leave together: one packet less, and less waiting of our threads for each other.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self._head = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._head:
            self.write(b"")
        return self._stream.read(max_bytes, self._deadline.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not self._head:
            self._head = buffer
            return
        together, self._head = self._head + buffer, b""
        for start in range(0, len(together), _PIECE):
            self._stream.write(together[start : start + _PIECE], self._deadline.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    """The addresses of a name, looked up in a thread: the system's resolver takes no timeout."""
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
