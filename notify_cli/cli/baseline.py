"""The command that counts what is due as done, without sending it."""

from __future__ import annotations

from typing import Annotated

import typer

from notify_cli.cli import when
from notify_cli.cli.session import Json, session
from notify_cli.errors import EXIT_OK, UsageError


def baseline(
    before: Annotated[str | None, typer.Option(help="Only what is due before T; default now.", metavar="T")] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type; may be repeated.", metavar="TYPE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would count; write nothing.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the last baseline.")] = False,
    as_json: Json = False,
) -> int:
    """Count what is due as done, without sending it: after a restore, on a clone, for a first day.

    What is due later stays due, and --undo takes back exactly what the last baseline counted.
    """
    from notify_cli.display import manual as shown
    from notify_cli.due.policy import Policy, expand
    from notify_cli.manual import baseline as baselines

    if undo and (before or types or dry_run):
        raise UsageError("--undo takes back the last baseline as a whole: give it alone")
    with session.connect() as connection:
        if undo:
            shown.undone(baselines.undo(connection, rehearsal=session.settings.rehearsal), json_wanted=as_json)
            return EXIT_OK
        at = None if before is None else when.instant(before)
        names = expand(types, session.settings, "--type", UsageError) if types else None
        policy = Policy.of(session.settings)
        found = baselines.due_before(connection, policy, before=at, types=names)
        counted = found if dry_run else baselines.count(connection, found, policy, types=names)
        shown.counted(counted, dry_run=dry_run, json_wanted=as_json)
    return EXIT_OK
