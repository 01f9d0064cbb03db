"""`doctor` on what watches over sweeps, and on whom no message reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from notify_cli import doctor
from notify_cli.check import Check
from tests.support.fakes.http import Reply
from tests.support.fakes.watchdog import Watchdog
from tests.support.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    with Watchdog() as server:
        yield server


def the(world: World, name: str, **environment: str) -> list[Check]:
    return [one for one in doctor.examine(world.settings(**environment)) if one.check == name]


def test_a_host_that_stopped_is_named_though_another_sweeps(world: World) -> None:
    assert the(world, "hosts") == []
    world.sweep()
    [check] = the(world, "hosts")
    assert check.ok
    world.connection.execute("insert into notify.runs values ('two', now() - interval '20 minutes')")
    [check] = the(world, "hosts")
    assert not check.ok
    assert check.detail.startswith("two swept last on ")


def test_a_watchdog_that_answers_an_error_is_a_fault(world: World, watchdog: Watchdog) -> None:
    url = f"{watchdog.url}/ping/abc"
    [check] = the(world, "heartbeat", NOTIFY_HEARTBEAT_URL=url)
    assert (check.ok, watchdog.requests) == (True, [])  # nobody has swept so far
    world.sweep()
    [check] = the(world, "heartbeat", NOTIFY_HEARTBEAT_URL=url)
    assert check.ok
    watchdog.script(lambda request: Reply(404, "not found"))
    [check] = the(world, "heartbeat", NOTIFY_HEARTBEAT_URL=url)
    assert not check.ok
    assert "answers 404" in check.detail
    world.connection.execute("update notify.runs set last_swept_at = now() - interval '1 hour'")
    the(world, "heartbeat", NOTIFY_HEARTBEAT_URL=url)
    assert [request.path for request in watchdog.requests] == ["/ping/abc", "/ping/abc", "/ping/abc/fail"]


def test_whom_nothing_reaches_is_counted(world: World) -> None:
    assert the(world, "people") == []
    nobody = world.platform.person("nobody", email=None, discord_id=None)
    alice, bob = world.platform.person("alice", discord_id=None), world.platform.person("bob")
    world.platform.group("Otters", members=[nobody, alice, bob])
    for name in ("ALICE", "bob"):
        world.connection.execute(
            "insert into notify.suppressions values (%s, 'bounce', now())", [f"{name}@example.org"]
        )
    unreachable, suppressed = the(world, "people")
    assert unreachable.detail.startswith("2 members of groups have neither")
    assert suppressed.detail.startswith("2 addresses are suppressed")
    assert unreachable.ok
