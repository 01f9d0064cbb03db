"""The command that keeps jobs from going out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli.completion import complete_job_ids
from notify_cli.cli.session import Json, confirm, session
from notify_cli.errors import EXIT_OK

if TYPE_CHECKING:
    from notify_cli.delivery import Job


def cancel(
    pattern: Annotated[
        str,
        typer.Argument(
            help="A job id; * in it is any text, ? any character.", metavar="PATTERN", autocompletion=complete_job_ids
        ),
    ],
    undo: Annotated[bool, typer.Option("--undo", help="Restore what was cancelled.")] = False,
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
            restore = cancellation.cancelled_jobs if dry_run else cancellation.undo
            found: Sequence[Job] = restore(connection, pattern, rehearsal=policy.rehearsal)
        else:
            found = judged = (cancellation.open_jobs if dry_run else cancellation.cancel)(connection, pattern, policy)
            display.errors(judged.faults)
        shown.jobs(found, pattern, undo=undo, dry_run=dry_run, json_wanted=as_json)
        if not found and not as_json:
            cancelled = cancellation.cancelled_jobs(connection, pattern, rehearsal=policy.rehearsal)
            already = [] if undo else cancelled
            near = "" if already else cancellation.nearest(connection, pattern, policy, undo=undo)
            shown.no_jobs(pattern, near, already, undo=undo)
    return EXIT_OK
