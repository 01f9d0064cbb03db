"""One bad row stops nobody: each column of the platform, of the views and of the log, with all that it can hold."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import time, timedelta
from pathlib import Path

import pytest

from notify_cli import due, log
from notify_cli.config.values import QuietHours
from notify_cli.doctor import rows as doctor_rows
from notify_cli.due import Policy, Window
from notify_cli.errors import NotifyError
from notify_cli.log import history
from notify_cli.model import fingerprint
from notify_cli.platform import groups
from tests.support.poison import unguard
from tests.support.shell import Shell
from tests.support.wards import (
    CALENDARS,
    ERIN,
    LOG,
    OWN_VIEWS,
    PLATFORM,
    TYPES,
    Calendars,
    Log,
    Own,
    Shipped,
    Ward,
    healthy,
)
from tests.support.world import World

HOUR = timedelta(hours=1)
COMMANDS = (
    *(["upcoming", "--within", "3d"], ["log"], ["log", "--json"], ["sweep-due", "--dry-run"]),
    *(["cancel", "*", "--dry-run"], ["cancel", "meeting_1_*", "--dry-run"], ["baseline", "--dry-run"]),
    *(
        ["explain", "--user", "1"],
        ["explain", "--user", "2", "--json"],
        ["preview", "meeting_reminder_24h", "--user", "1"],
    ),
    ["init-db"],
)
# What is due to alice and bob at first, by its keys.
FIRST = (
    *("user_1_welcome/-/email/user_1", "user_1_welcome/-/discord_dm/user_1"),
    *("group_1_assigned/{joined}/email/user_1", "group_1_assigned/{joined}/discord_dm/user_1"),
    *("meeting_1_reminder_24h/{start}/email/user_1", "meeting_1_reminder_24h/{start}/email/user_2"),
    "meeting_1_reminder_24h/{start}/discord_channel/group_1",
)


def assert_served(world: World, shell: Shell, *, named: bool = True) -> None:
    """Three sweeps in which alice, bob and carol get all that is theirs, once each, and their meeting moves between.

    `named` is whether doctor names rows of others that are not as they should be.
    """
    world.connection.execute("analyze")
    wanted = {*FIRST, "user_3_welcome/-/email/user_3", "user_3_welcome/-/discord_dm/user_3"}
    world.platform.enrolment(3, at=world.now, course=1, cohort=1)
    swept(shell)
    world.platform.move(1, world.now + 47 * HOUR)
    for command in COMMANDS:
        ran = shell(*command)
        assert (ran.code, "unexpected" in ran.err) == (0, False), (command, ran.err)
    for _ in range(2):
        swept(shell)
    wanted.add("group_1_calendar/seq1/email/user_1")
    examined = shell("doctor", "--json")
    assert any(line["check"] == "rows" and line["fix"] for line in examined.json) is named
    sent = Counter(itertools.chain(_mailed(world), _posted(world)))
    assert {key: sent[fingerprint(key.format(start=f"{world.now + 23 * HOUR:%Y%m%dT%H%M%SZ}",
        joined=f"{world.now - 30 * HOUR:%Y%m%dT%H%M%SZ}"))] for key in wanted} == dict.fromkeys(wanted, 1)  # fmt: skip
    assert max(sent.values()) == 1


def swept(shell: Shell) -> None:
    """A sweep that has nothing to complain of."""
    ran = shell("sweep-due", "--json", NOTIFY_SETTLE_MINUTES="0")
    told = [line for line in ran.err.splitlines() if not re.match(r"notify: no message type .* in messages.yaml", line)]
    assert told == []
    # What was stored under no type of the messages file is a fault of that file.
    assert ran.code == (78 if ran.err else 0)
    assert ran.err or ran.json["left"] == 0


def _mailed(world: World) -> Iterator[str]:
    """The fingerprint in the Message-ID of each email that the provider took."""
    for mail in world.sendgrid.mails:
        yield re.findall(r"[0-9a-f]{24}", mail["headers"]["Message-ID"])[0]


def _posted(world: World) -> Iterator[str]:
    """The nonce of each message that Discord was asked to take."""
    for request in world.discord.requests:
        if request.path.endswith("/messages"):
            yield str(request.json["nonce"])


def assert_readable(world: World) -> None:
    """Every statement that reads everybody's rows comes to its end."""
    policy, connection = Policy(lessons=lambda: {"*": {"1": ["intro"]}}), world.connection
    due.find(connection, Window(), policy)
    night = Policy(lessons=policy.lessons, quiet=QuietHours(time(22), time(7)))
    due.find(connection, Window(within=due.EVER, since=due.EVER), night, verdicts=None, free_only=False)
    due.find(connection, Window(within=due.EVER, since=due.EVER), policy, verdicts=None, free_only=False)
    due.jobs(connection, Window(within=due.EVER, since=due.EVER), policy)
    log.expire(connection)
    history.entries(connection)
    history.cancelled_jobs(connection, "*")
    history.stored_jobs(connection, "*")
    groups.idle(connection)
    groups.courses_ahead(connection)
    list(doctor_rows.usable(connection))


def one_by_one(ward: Ward, tables: Mapping[str, Collection[str]]) -> None:
    """Poison a table, look, and take it back, for each of these tables."""
    for table, columns in tables.items():
        with ward.world.connection.transaction(force_rollback=True):
            assert ward.poison({table: columns}) > 5, table
            try:
                assert_readable(ward.world)
            except NotifyError as error:
                pytest.fail(f"{table}: {error}")


@pytest.fixture
def shipped(world: World) -> Ward:
    return Shipped.of(world)


@pytest.fixture(params=TYPES)
def own(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Ward:
    return Own.of(world, tmp_path, request.param)


@pytest.fixture
def log_of_ours(world: World, shell: Shell) -> Ward:
    healthy(world)
    assert world.platform.person("erin", discord_id=None) == ERIN
    world.platform.member(1, ERIN, joined_at=world.now - 30 * HOUR)
    swept(shell)
    unguard(world.connection, LOG)
    return Log(world)


LOOSE = {f"loose.{view}": columns for view, columns in OWN_VIEWS.items()}


def test_a_table_of_the_platform_stops_nobody(shipped: Ward) -> None:
    one_by_one(shipped, PLATFORM)


def test_all_columns_of_the_platform_stop_nobody(shipped: Ward, shell: Shell) -> None:
    shipped.poison(PLATFORM)
    assert_served(shipped.world, shell)


@pytest.mark.parametrize("own", ["wide"], indirect=True)
def test_a_view_stops_nobody(own: Ward) -> None:
    one_by_one(own, LOOSE)


def test_all_columns_of_all_views_stop_nobody(own: Ward, shell: Shell) -> None:
    own.poison(LOOSE)
    assert_served(own.world, shell)


def test_a_table_of_the_log_stops_nobody(log_of_ours: Ward) -> None:
    one_by_one(log_of_ours, LOG)


def test_all_columns_of_the_log_stop_nobody(log_of_ours: Ward, shell: Shell) -> None:
    log_of_ours.poison(LOG)
    assert_served(log_of_ours.world, shell)


def test_a_column_of_the_calendars_stops_nobody(world: World) -> None:
    one_by_one(Calendars.of(world), CALENDARS)


def test_all_columns_of_the_calendars_stop_nobody(world: World, shell: Shell) -> None:
    Calendars.of(world).poison(CALENDARS)
    assert_served(world, shell, named=False)
