"""What the shell offers on Tab: message types, names, job ids. It never fails, never waits long, and says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from notify_cli import config
from notify_cli.cli.session import session
from notify_cli.config import Need

if TYPE_CHECKING:
    from notify_cli import db
    from notify_cli.config import Settings

_AHEAD = timedelta(days=28)
_PATIENCE = 2  # seconds for a database that does not answer


def complete_types(context: typer.Context, incomplete: str) -> list[str]:
    """The message types that begin like this: those of the messages file and of the rules."""
    with suppress(Exception):
        from notify_cli import due, messages

        known = {*messages.load(_settings(context).messages).sections, *due.rule_names()}
        return sorted(name for name in known if name.startswith(incomplete))
    return []


def complete_users(context: typer.Context, incomplete: str) -> list[str]:
    """People whose names or addresses begin like this."""
    return _named(context, "user", incomplete)


def complete_groups(context: typer.Context, incomplete: str) -> list[str]:
    """Active groups whose names begin like this."""
    return _named(context, "group", incomplete)


def complete_cohorts(context: typer.Context, incomplete: str) -> list[str]:
    """Cohorts whose names begin like this."""
    return _named(context, "cohort", incomplete)


def complete_job_ids(context: typer.Context, incomplete: str) -> list[str]:
    """The jobs of the weeks to come that begin like this, and a pattern for all jobs of each meeting."""
    with suppress(Exception):
        from notify_cli import due, keys

        with _connection(context) as connection:
            found = due.jobs(connection, due.Window(within=_AHEAD), due.Policy())
        ids = {job_id for job_id, *_ in found}
        patterns = {keys.all_of_subject(job_id) for job_id in ids if keys.named(job_id, "meeting") is not None}
        return sorted(name for name in ids | patterns if name.startswith(incomplete))
    return []


def _named(context: typer.Context, kind: str, incomplete: str) -> list[str]:
    with suppress(Exception):
        from notify_cli.platform import named

        with _connection(context) as connection:
            # a name that would command a terminal can be given by its id
            return [name for name in named.beginning(connection, kind, incomplete) if name.isprintable()]
    return []


@contextmanager
def _connection(context: typer.Context) -> Iterator[db.Connection]:
    """A connection within a transaction, for as long as somebody at a prompt waits."""
    from notify_cli import db

    settings = _settings(context)
    settings.require(Need.DATABASE)
    with db.connect(settings.database_url, timeout=_PATIENCE) as connection, connection.transaction():
        connection.execute(f"set local statement_timeout = '{_PATIENCE}s'".encode())
        yield connection


def _settings(context: typer.Context) -> Settings:
    """As the options of every command have it; a demo is looked into only where one is."""
    given = context.find_root().params
    if given.get("demo"):
        from notify_cli.demo.server import FOLDER

        if FOLDER.is_dir():
            session.enter_demo()
        return session.settings
    env_file = given.get("env_file")
    session.env_file = Path(env_file) if env_file else None  # a text so far: the callback that takes it has not run
    return config.from_environment(session.settings_file)
