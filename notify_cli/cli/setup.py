"""Commands that prepare, check and show the installation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli.session import Json, confirm, session
from notify_cli.cli.session import init_db as prepare
from notify_cli.errors import EXIT_FINDINGS, EXIT_OK, ConfigError, UsageError

if TYPE_CHECKING:
    from notify_cli.db import Connection


def init_db(
    print_sql: Annotated[bool, typer.Option("--print", help="Print the SQL, for psql, instead of running it.")] = False,
    views: Annotated[
        Path | None, typer.Option(help="Your own views, for a platform with other table names.", metavar="FILE")
    ] = None,
    drop_views: Annotated[
        bool, typer.Option("--drop-views", help="Take the views away, so that the platform can migrate its tables.")
    ] = False,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Let everything go out that is due and useful, however old.")
    ] = False,
    grants: Annotated[
        str | None, typer.Option(help="Print the rights that this role needs for all other commands.", metavar="ROLE")
    ] = None,
) -> int:
    """Create or upgrade the views and the log. May be run at any time, by several hosts at once.

    On a new database messages start from now. Views that were taken away for a migration come back as they were, yours
    too, with the rights granted on them.
    """
    from notify_cli.platform import advice, rights, row_security, schema

    if sum((print_sql, drop_views, grants is not None)) > 1 or ((views or catch_up) and (drop_views or grants)):
        raise UsageError("--print, --drop-views and --grants are three things to do: give one of them")
    if print_sql:
        display.document(f"{schema.script(views, catch_up=catch_up)}\n".encode())
        return EXIT_OK
    with session.connect() as connection:
        if grants is not None:
            for right in rights.needed(connection, grants):
                display.document(f"{rights.grant(right.rights, right.object, grants)}\n".encode())
            return EXIT_OK
        if drop_views:
            schema.drop_views(connection)
            display.line("The views are away, and sweeps stop with 78: run notify init-db when the migration is done.")
            return EXIT_OK
        restarted = schema.create(connection, views, catch_up=catch_up)
        display.errors([f"{hidden.words}: {hidden.mend}" for hidden in row_security.applies(connection)])
        if restarted and (count := _held_back(connection, restarted)):
            many = (
                "1 message would go out again and is" if count == 1 else f"{count} messages would go out again and are"
            )
            display.errors([f"the log is new or was emptied: {many} held back; notify init-db --catch-up lets them go"])
        slow = advice.missing(connection)
    if slow:
        display.line("-- Sweeps look for this in the platform's tables: let their owner make these indexes.")
    for statement in slow:
        display.line(statement)
    display.line("The database is ready: notify doctor checks the rest.")
    return EXIT_OK


def _held_back(connection: Connection, restarted: Mapping[str, datetime]) -> int:
    """How many messages would have gone out again after the log was lost."""
    from notify_cli import due

    policy = due.Policy.of(session.settings)
    found = due.find(connection, due.Window(), policy, verdicts=["before_start"], free_only=False)
    return sum(one.delivery.due_at >= restarted[one.delivery.reminder_type] for one in found)


def uninstall(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Remove all that is notify's from the database, and nothing else.

    The schema notify with the views, the columns, rows and indexes that notify added. What was sent is forgotten.
    """
    from notify_cli.platform import uninstall as installation

    with session.connect() as connection:
        found = installation.find(connection)
        if found is None:
            display.line("There is nothing of notify in this database.")
            return EXIT_OK
        what = f"the schema notify and {found.rows} rows of {found.log}"
        if not yes:
            confirm(f"Remove {what}? It is forgotten what was sent.", "add --yes")
        installation.remove(connection)
    display.line(f"Removed {what}.")
    for kept in found.lasting:
        display.line(f"Not taken back: {kept}.")
    return EXIT_OK


def doctor(as_json: Json = False) -> int:
    """Check the whole installation, and say how to mend it.

    Settings, database, messages, course file, SendGrid's key, Discord's token. Sends nothing; exit 1 for a fault, 78
    where the settings cannot be read. Without a terminal faults are on stderr too, so that cron mails them.
    """
    from notify_cli import doctor as examining
    from notify_cli.display import checks

    try:
        found, fault = examining.examine(session.settings), EXIT_FINDINGS
    except ConfigError as error:
        found, fault = examining.of_settings(error), error.exit_code
    checks.show(found, json_wanted=as_json)
    return EXIT_OK if all(check.ok for check in found) else fault


def demo() -> int:
    """Do the whole job on a sample course.

    With a PostgreSQL of its own, in .notify-demo; nothing leaves this machine.
    """
    from notify_cli import page as pages
    from notify_cli.channels.outbox_index import NAME, PAGE
    from notify_cli.cli import paging
    from notify_cli.demo.server import DemoDatabase
    from notify_cli.log import history
    from notify_cli.sending import sweep

    with DemoDatabase(prepare=prepare) as database:
        database.recreate()
        session.settings = settings = database.settings(os.environ)
        first = sweep.sweep(session.connect, settings)
        with session.connect() as connection:
            display.demo(history.entries(connection), first)
        second = sweep.sweep(session.connect, settings)
        display.line(f"Swept again: {second.due} due, {second.delivered} sent. Nothing goes out twice.")
        outbox = database.folder / "outbox"
        page = paging.write(pages.gather(settings, session.connect), (outbox / PAGE).parent, settings)
        display.next_steps(page, outbox / NAME)
        return first.exit_code or second.exit_code
