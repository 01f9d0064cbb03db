"""A relay before the test's PostgreSQL that can fall silent: connections stay open, and no answer comes through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Relay:
    """What stands between client and server. `silent` holds back every answer from the moment it is set."""

    def __init__(self, server: Path) -> None:
        self.silent = threading.Event()
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Close every connection."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._open += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.silent.is_set():
                    target.sendall(data)


@contextmanager
def relayed(url: str) -> Iterator[tuple[str, Relay]]:
    """The URL of the same database through a relay, and the relay."""
    parts = urlsplit(url)
    where = parse_qs(parts.query)
    relay = Relay(Path(where["host"][0]) / f".s.PGSQL.{where['port'][0]}")
    try:
        yield f"postgresql://{parts.username}@127.0.0.1:{relay.port}{parts.path}", relay
    finally:
        relay.close()
