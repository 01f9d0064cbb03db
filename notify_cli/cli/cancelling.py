"""The command that keeps jobs from going out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli.completion import complete_job_ids
from notify_cli.cli.session import Json, confirm, session
from notify_cli.errors import EXIT_OK

if TYPE_CHECKING:
    from notify_cli import db
    from notify_cli.due import Policy


def cancel(
    pattern: Annotated[
        str,
        typer.Argument(
            help="A job id; * in it is any text, ? any character.", metavar="PATTERN", autocompletion=complete_job_ids
        ),
    ],
    undo: Annotated[bool, typer.Option("--undo", help="Restore what was last cancelled by this pattern.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would do; write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before cancelling everything.")] = False,
    as_json: Json = False,
) -> int:
    """Keep jobs from going out that are not sent yet, for everyone.

    A meeting that is moved afterwards reminds again.
    """
    from notify_cli.display import manual as shown
    from notify_cli.due import Policy
    from notify_cli.manual import cancellation

    policy = Policy.of(session.settings)
    with session.connect() as connection:
        # It can be undone, so a script need not be asked.
        if pattern and not pattern.strip("*?") and not (dry_run or yes) and sys.stdin.isatty():
            confirm(f"{'Restore' if undo else 'Cancel'} all jobs?")
        if undo:
            found = cancellation.undo(connection, pattern, policy, dry_run=dry_run)
        elif dry_run:
            found = cancellation.would_cancel(connection, pattern, policy)
        else:
            found = cancellation.cancel(connection, pattern, policy, counted=True)
        display.errors(found.faults)
        shown.jobs(found, pattern, undo=undo, dry_run=dry_run, json_wanted=as_json)
        if not found and not as_json:
            _say_why_none(connection, pattern, policy, undo=undo)
    return EXIT_OK


def _say_why_none(connection: db.Connection, pattern: str, policy: Policy, *, undo: bool) -> None:
    """That a pattern matched nothing that could be cancelled or restored: it was before, was sent, or is mistyped."""
    from notify_cli.display import manual as shown
    from notify_cli.manual import cancellation

    if not undo:
        if already := cancellation.cancelled_jobs(connection, pattern, rehearsal=policy.rehearsal):
            return shown.cancelled_already(already, pattern)
        sent = cancellation.sent_already(connection, pattern, rehearsal=policy.rehearsal)
        if sent.last is not None:
            return shown.sent_already(sent, pattern)
    return shown.no_jobs(pattern, cancellation.nearest(connection, pattern, policy, undo=undo), undo=undo)
