"""Fixtures that every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notify_cli import config, db
from notify_cli.platform import schema
from tests.support import process
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.platform import Platform
from tests.support.postgres import EMPTY, PLATFORM, LargePages, Server, as_user
from tests.support.shell import Shell
from tests.support.terminal import Command
from tests.support.world import World


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_host() -> Iterator[None]:
    """What stands in /etc/notify on this machine is none of the tests' business."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "USUAL_ENV_FILE", Path(process.NO_SETTINGS))
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The session's PostgreSQL server; a test may restart or crash it."""
    with Server(kind=LargePages) as running:
        yield running


@pytest.fixture
def empty_db(server: Server) -> Iterator[str]:
    """The URL of a fresh database with the platform's tables and no log."""
    with server.database(EMPTY) as url:
        yield url


@pytest.fixture
def platform_db(server: Server) -> Iterator[str]:
    """The URL of a fresh database with the platform's tables and its own log, before init-db."""
    with server.database(PLATFORM) as url:
        yield url


@pytest.fixture(scope="session")
def ready_template(server: Server) -> str:
    """The name of a database after init-db, to clone: `server.database(ready_template)`."""
    name = "template_ready"
    with db.connect(as_user(server.make_template(name))) as connection:
        schema.create(connection, catch_up=True)
    return name


@pytest.fixture
def ready_db(server: Server, ready_template: str) -> Iterator[str]:
    """The URL of a fresh database after init-db: the platform's tables, the views, the log. Commits are real."""
    with server.database(ready_template) as url:
        yield url


@pytest.fixture
def connection(ready_db: str) -> Iterator[db.Connection]:
    """A connection to `ready_db`, autocommit like the tool's own."""
    with db.connect(ready_db) as opened:
        yield opened


@pytest.fixture
def platform(connection: db.Connection) -> Platform:
    """A platform to fill, in `ready_db`: every row is committed at once, for all connections to see."""
    return Platform(connection)


@pytest.fixture(scope="session")
def _shared_connection(server: Server, ready_template: str) -> Iterator[db.Connection]:
    with server.database(ready_template) as url, db.connect(url) as opened:
        yield opened


@pytest.fixture
def draft(_shared_connection: db.Connection) -> Iterator[Platform]:
    """A platform to fill within one transaction that is rolled back: quick, for tests that need no other connection."""
    with _shared_connection.transaction(force_rollback=True):
        yield Platform(_shared_connection)


@pytest.fixture
def world(ready_db: str, connection: db.Connection) -> Iterator[World]:
    """A platform as of now, with both providers on loopback."""
    with FakeSendGrid() as sendgrid, FakeDiscord() as discord:
        yield World(ready_db, connection, sendgrid, discord)


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line on the world, its messages file the shipped one."""
    return Shell(world, monkeypatch, capsys)


@pytest.fixture
def notify(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """The command line on the world, in a folder whose messages.yaml is the messages file."""
    return Command(monkeypatch, capsys, tmp_path, world.environment())
