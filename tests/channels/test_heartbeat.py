"""The heartbeat's ping: the right address, and never a harm."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from notify_cli.channels import heartbeat
from tests.support import process
from tests.support.fakes.http import Drip, Hang, Reply, Reset, Step
from tests.support.fakes.watchdog import Watchdog
from tests.support.world import World


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with Watchdog() as server:
        yield server


def pings(watchdog: Watchdog) -> list[str]:
    return [request.path for request in watchdog.requests]


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


def test_a_path_beyond_ascii_is_encoded(watchdog: Watchdog) -> None:
    heartbeat.ping(f"{watchdog.url}/ping/kürs", healthy=False)
    assert pings(watchdog) == ["/ping/k%C3%BCrs/fail"]


def test_its_address_is_a_secret_that_no_log_tells(watchdog: Watchdog, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    heartbeat.ping(f"{watchdog.url}/ping/secret-uuid?token=secret", healthy=True)
    assert pings(watchdog) == ["/ping/secret-uuid?token=secret"]
    assert "HTTP Request: GET" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("step", [Hang(), Drip(), Reset(), Reply(500), Reply(302)])
def test_its_own_failure_is_harmless_and_short(watchdog: Watchdog, step: Step) -> None:
    watchdog.script([step])
    started = time.monotonic()
    heartbeat.ping(f"{watchdog.url}/ping", healthy=True, timeout=0.1)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "http://[bad", "http://127.0.0.1:1/x", "ftp://localhost/x"])
def test_a_wrong_address_is_harmless(url: str) -> None:
    heartbeat.ping(url, healthy=True, timeout=0.1)


def test_a_sweep_tells_the_watchdog_how_it_went(watchdog: Watchdog, world: World) -> None:
    url = {"NOTIFY_HEARTBEAT_URL": f"{watchdog.url}/ping/abc"}
    alice = world.platform.person("alice")
    world.meeting_in(world.platform.group("Otters", members=[alice], channel=None), hours=23)
    world.sendgrid.script([Reply(401)])

    assert process.run(world.environment(**url), "sweep-due", "--dry-run").returncode == 0
    assert pings(watchdog) == [], "a dry run is no sweep"
    assert process.run(world.environment(**url), "sweep-due").returncode == 69
    assert pings(watchdog) == ["/ping/abc/fail"]
    assert process.run(world.environment(**url), "sweep-due").returncode == 0
    assert pings(watchdog)[1:] == ["/ping/abc"]


@pytest.mark.parametrize(
    ("broken", "code"), [({"DATABASE_URL": "postgresql://u@127.0.0.1:1/d"}, 75), ({"SENDGRID_API_KEY": ""}, 78)]
)
def test_a_sweep_that_comes_to_nothing_is_reported(
    watchdog: Watchdog, world: World, broken: dict[str, str], code: int
) -> None:
    environment = world.environment(NOTIFY_HEARTBEAT_URL=f"{watchdog.url}/ping") | broken
    assert process.run(environment, "sweep-due").returncode == code
    assert pings(watchdog) == ["/ping/fail"]


def test_a_watchdog_that_is_down_changes_nothing(watchdog: Watchdog, world: World) -> None:
    watchdog.script([Reset()])
    done = process.run(world.environment(NOTIFY_HEARTBEAT_URL=watchdog.url), "sweep-due")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
