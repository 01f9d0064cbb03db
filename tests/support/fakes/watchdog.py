"""A watchdog that hears of every sweep."""

from __future__ import annotations

from tests.support.fakes.http import FakeServer, Reply, Request


class Watchdog(FakeServer):
    """It says that it has heard, whatever it is told; `requests` are the pings."""

    def answer(self, request: Request) -> Reply:
        return Reply(200, "OK")
