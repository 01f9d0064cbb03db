"""The heartbeat's ping: the right address, and never a harm."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from notify_cli import heartbeat
from tests.fakes.http import Drip, FakeServer, Hang, Reply, Request, Reset, Step


class Watchdog(FakeServer):
    def answer(self, request: Request) -> Reply:
        return Reply(200, "OK")


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with Watchdog() as server:
        yield server


def test_it_pings_after_a_healthy_sweep_and_reports_an_unhealthy_one(watchdog: Watchdog) -> None:
    heartbeat.ping(f"{watchdog.url}/ping/abc", healthy=True)
    heartbeat.ping(f"{watchdog.url}/ping/abc", healthy=False)
    heartbeat.ping(f"{watchdog.url}/ping/abc?host=one", healthy=False)
    heartbeat.ping(watchdog.url, healthy=True)
    assert [(request.method, request.path) for request in watchdog.requests] == [
        ("GET", "/ping/abc"),
        ("GET", "/ping/abc/fail"),
        ("GET", "/ping/abc/fail?host=one"),
        ("GET", "/"),
    ]


@pytest.mark.parametrize("step", [Hang(), Drip(), Reset(), Reply(500), Reply(302)])
def test_its_own_failure_is_harmless_and_short(watchdog: Watchdog, step: Step) -> None:
    watchdog.script([step])
    started = time.monotonic()
    heartbeat.ping(f"{watchdog.url}/ping", healthy=True, timeout=0.1)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://[bad", "http://127.0.0.1:1/x", "ftp://localhost/x"])
def test_a_wrong_address_is_harmless(url: str) -> None:
    heartbeat.ping(url, healthy=True, timeout=0.1)
