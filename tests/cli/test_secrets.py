"""No secret and no personal data beyond ids in what a run prints, raises or notes as an error, at any verbosity."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notify_cli import db
from notify_cli.display import shapes
from notify_cli.errors import ConfigError, DatabaseError
from tests.support import process
from tests.support.fakes.discord import TOKEN
from tests.support.fakes.http import Reply, Request, Reset, Step, Truncated
from tests.support.fakes.sendgrid import KEY
from tests.support.postgres import OWNER, as_user
from tests.support.world import World

PASSWORD = "hunter2-Sesame"
HEARTBEAT = "http://127.0.0.1:1/ping/7c1d-secret-uuid"
NAME = "Zaphodina"
ADDRESS = "zaphodina.private@example.org"
DISCORD_ID = "424242424242424242"
GROUP = "Quokkas"
PRIVATE = (KEY, TOKEN, PASSWORD, "secret-uuid", NAME, ADDRESS, "zaphodina.private", DISCORD_ID, GROUP)


def echo(request: Request) -> Reply:
    """A provider that quotes the whole request, key included, in its refusal."""
    quoted = f"cannot take {ADDRESS} ({request.headers.get('authorization')}) in {request.path}"
    return Reply(400, {"errors": [{"message": quoted, "field": KEY}], "message": quoted, "code": 50035})


FAULTS: dict[str, Callable[[Request], Step]] = {
    "a refusal that quotes": echo,
    "a server error that quotes": lambda request: Reply(500, f"{ADDRESS} {KEY} {TOKEN}"),
    "an account refusal that quotes": lambda request: Reply(401, {"errors": [{"message": f"{KEY} {TOKEN} {ADDRESS}"}]}),
    "a reset": lambda request: Reset(),
    "a truncated answer": lambda request: Truncated(Reply(500, {"message": ADDRESS})),
    "a redirect": lambda request: Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
}


@pytest.fixture
def environment(world: World) -> dict[str, str]:
    """Settings full of secrets, somebody with private data, and something due for her by every channel."""
    person = world.platform.person(NAME, email=ADDRESS, discord_id=DISCORD_ID, timezone="Not/AZone")
    world.platform.enrolment(person, at=world.now - timedelta(hours=1))
    world.meeting_in(world.platform.group(GROUP, members=[person]), hours=23)
    url = as_user(world.url).replace(f"//{OWNER}@", f"//{OWNER}:{PASSWORD}@", 1)
    return world.environment(DATABASE_URL=url, NOTIFY_HEARTBEAT_URL=HEARTBEAT)


def assert_discreet(*texts: str | None) -> None:
    for text in texts:
        for secret in PRIVATE:
            assert secret.lower() not in (text or "").lower(), secret


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_of_a_provider_tells_secrets_or_people(
    world: World, environment: dict[str, str], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.sendgrid.script(FAULTS[name])
    world.discord.script(FAULTS[name])

    summary = world.sweep(world.settings(**environment))

    assert summary.delivered == 0
    assert summary.due == summary.failed + summary.retrying + summary.left == 4
    assert_discreet(*summary.faults, *(row["error"] for row in world.log()), caplog.text, repr(shapes.summary(summary)))
    assert_discreet(repr(world.settings(**environment)), *(error or "" for _, error in summary.statuses.values()))


@pytest.mark.parametrize("verbosity", [[], ["-v"]], ids=["plain", "verbose"])
def test_a_sweep_that_fails_in_every_way_prints_neither(
    world: World, environment: dict[str, str], verbosity: list[str]
) -> None:
    world.sendgrid.script(FAULTS["an account refusal that quotes"])
    world.discord.script(echo)

    done = process.run(environment, *verbosity, "sweep-due")

    assert done.returncode == 69
    assert "SendGrid refuses our account (401)" in done.stderr
    assert_discreet(done.stdout, done.stderr, *(row["error"] for row in world.log()))


BROKEN: dict[str, dict[str, str]] = {
    "no server": {"DATABASE_URL": f"postgresql://u:{PASSWORD}@127.0.0.1:1/d"},
    "an unescaped @": {"DATABASE_URL": f"postgresql://u:{PASSWORD}@{PASSWORD}@127.0.0.1:1/d"},
    "an unescaped /": {"DATABASE_URL": f"postgresql://u:{PASSWORD}/{PASSWORD}@127.0.0.1:1/d"},
    "an unescaped %": {"DATABASE_URL": f"postgresql://u:{PASSWORD}%zz{PASSWORD}@127.0.0.1:1/d"},
    "keywords": {"DATABASE_URL": f"host=127.0.0.1 port=1 password={PASSWORD}"},
    "keywords without a sign": {"DATABASE_URL": f"host=127.0.0.1 port=1 password {PASSWORD}"},
    "a key with a line break": {"SENDGRID_API_KEY": f"{KEY}\n{KEY}"},
    "a token that is a header": {"DISCORD_BOT_TOKEN": f"Bot {TOKEN}"},
    "a heartbeat without a scheme": {"NOTIFY_HEARTBEAT_URL": "hc.example.org/secret-uuid"},
}


@pytest.mark.parametrize("name", ["an unescaped /", "a token that is a header"])
def test_a_traceback_of_broken_settings_tells_no_secret(environment: dict[str, str], name: str) -> None:
    done = process.run(environment | BROKEN[name], "-v", "sweep-due")
    assert done.returncode in (75, 78)
    assert_discreet(done.stdout, done.stderr)


@pytest.mark.parametrize("url", [b["DATABASE_URL"] for b in BROKEN.values() if "DATABASE_URL" in b])
def test_a_database_that_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with pytest.raises((DatabaseError, ConfigError)) as raised:
        db.connect(url, timeout=2)
    assert_discreet(str(raised.value))


def test_settings_with_a_fault_are_refused_without_being_quoted(world: World) -> None:
    for broken in BROKEN.values():
        if "DATABASE_URL" not in broken:
            with pytest.raises(ConfigError) as raised:
                world.settings(**broken)
            assert_discreet(*raised.value.lines)


def test_what_the_database_says_of_a_row_stays_out_of_the_traceback(world: World, environment: dict[str, str]) -> None:
    """A server's DETAIL quotes the row that it refuses, message included."""
    world.connection.execute("alter table reminders_log add constraint picky check (message = '') not valid")

    done = process.run(environment, "-v", "sweep-due", "--max-runtime", "20")

    assert done.returncode == 75
    assert "violates check constraint" in done.stderr
    assert_discreet(done.stdout, done.stderr)


def test_a_bug_shows_its_place_and_not_what_it_worked_on(capsys: pytest.CaptureFixture[str]) -> None:
    from notify_cli import display

    def work(row: dict[str, Any]) -> None:
        raise KeyError(row["email"])

    try:
        try:
            work({"email": ADDRESS})
        except KeyError as error:
            raise DatabaseError("the database refused a statement") from error
    except DatabaseError as error:
        display.traceback(error, (KEY,))
    shown = capsys.readouterr().err
    assert "raise KeyError(row" in shown
    assert "DatabaseError: the database refused a statement" in shown
    assert_discreet(shown)


def test_what_the_driver_logs_holds_no_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(DatabaseError):
        db.connect(f"postgresql://u:{PASSWORD}@127.0.0.1:1/d", timeout=2)
    assert_discreet(caplog.text)
