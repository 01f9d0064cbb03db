"""httpx over a connection with one deadline for the whole exchange: the only module that joins httpx and httpcore.

httpx's own transport does not let its network backend be chosen, and the backend is where a deadline can hold.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import cast

import httpcore
import httpx

from notify_cli.channels.deadline import Backend, Deadline

# Shorter than the idle time of the providers' front ends (60 s and more), so that we rarely write into a connection
# that they are just closing: such a request fails as unknown, because nobody can tell whether it was read.
KEEPALIVE = 15.0  # seconds

# What httpcore and the system raise, and what httpx calls it. The first that fits counts.
_IN_HTTPX: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.TimeoutException, httpx.TimeoutException),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.ProtocolError, httpx.RemoteProtocolError),
    (httpcore.ProxyError, httpx.ProxyError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.NetworkError, httpx.NetworkError),
    (OSError, httpx.NetworkError),
)
_FAILURES = tuple(kind for kind, _ in _IN_HTTPX)


class Transport(httpx.BaseTransport):
    """One connection to a server, kept open between requests. For one thread, so it needs no pool and no lock.

    A request must have two of httpx's extensions: in `timeout` the entry `total`, the seconds for the whole exchange
    with the body of the answer, and `target`, the path and query to ask for. Raises httpx.TransportError.
    """

    def __init__(self, tls: ssl.SSLContext | None, proxy: httpx.Proxy | None) -> None:
        self._deadline = Deadline()
        # Never asked to send: it knows which kind of connection leads through which kind of proxy.
        self._maker = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=_in_httpcore(proxy) if proxy else None,
            keepalive_expiry=KEEPALIVE,
            network_backend=Backend(self._deadline),
        )
        self._connection: httpcore.ConnectionInterface | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of its answer."""
        self._deadline.begin(request.extensions["timeout"]["total"])
        # Not handed on as an extension: httpcore would use it for the CONNECT request to a proxy too.
        url = _in_httpcore_url(request.url, request.extensions["target"])
        body = cast("Iterable[bytes]", request.stream)
        sent = httpcore.Request(request.method, url, headers=request.headers.raw, content=body)
        try:
            answer = self._usable(url.origin).handle_request(sent)
        except BaseException as error:
            # A connection that failed half way, such as at a proxy, may be neither closed nor of any use.
            self.close()
            if isinstance(error, _FAILURES):
                raise _in_httpx(error) from error
            raise
        headers = answer.headers
        if 300 <= answer.status < 400:
            # We follow no redirect, and httpx would fail on one that leads to no valid address.
            headers = [(name, value) for name, value in headers if name.lower() != b"location"]
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close the connection, if there is one. The next request opens another."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _usable(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        """The connection, unless one of both sides has closed it or it was idle for too long: then a new one."""
        if self._connection and (self._connection.is_closed() or self._connection.has_expired()):
            self.close()
        if self._connection is None:
            self._connection = self._maker.create_connection(origin)
        return self._connection


class RequestBody(httpx.SyncByteStream):
    """The body of one request, maybe an empty one. `written` says whether the request was written to its last byte.

    httpcore comes back for a next piece only when it has written the one before.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.written = False

    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        self.written = True


class _Body(httpx.SyncByteStream):
    """The body of an answer, in the pieces in which it arrives."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.iter_stream()
        except _FAILURES as error:
            raise _in_httpx(error) from error

    def close(self) -> None:
        self._answer.close()


def tls_context() -> ssl.SSLContext:
    """Trust in the system's certificates, in those of SSL_CERT_FILE if it is set, and in those of certifi."""
    return httpcore.default_ssl_context()


def _in_httpx(error: Exception) -> httpx.TransportError:
    kind = next(theirs for ours, theirs in _IN_HTTPX if isinstance(error, ours))
    return kind(str(error))


def _in_httpcore(proxy: httpx.Proxy) -> httpcore.Proxy:
    return httpcore.Proxy(_in_httpcore_url(proxy.url, b"/"), auth=proxy.raw_auth, headers=proxy.headers.raw)


def _in_httpcore_url(url: httpx.URL, target: bytes) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target)
