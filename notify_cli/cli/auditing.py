"""The command that finds what was not sent, and sends what still helps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.session import Json, session
from notify_cli.config import Need
from notify_cli.errors import EXIT_FINDINGS, EXIT_OK, UsageError


def audit(
    since: Annotated[str, typer.Option(help="How far to look back: 1d, 7d, yesterday.", metavar="TIME")] = "7d",
    mend: Annotated[bool, typer.Option("--mend", help="Send what still helps.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --mend: show what it would send.")] = False,
    as_json: Json = False,
) -> int:
    """Find who should have been told in that time and was not, or late; exit 1 if something was found.

    --mend sends what still helps, before the meeting begins: to each reader, by each channel, the last message about a
    meeting, once, with a sentence that it is late. Prints nothing where nothing is to be said, so that cron mails it
    only when there is something.
    """
    from notify_cli import audit as auditing
    from notify_cli.display import audits
    from notify_cli.due import Policy

    if dry_run and not mend:
        raise UsageError("--dry-run shows what --mend would send: give it with --mend")
    settings = session.settings_for(Need.SENDING if mend and not dry_run else Need.DATABASE)
    policy = Policy.of(settings)
    now = datetime.now(UTC)
    ago = now - when.since(since, now)
    with session.connect() as connection:
        found = auditing.examine(connection, policy, since=ago, dm_interval=settings.dm_interval)
        if mend:
            from notify_cli.audit import mend as mending

            planned = mending.plan(connection, policy, found)
    display.errors(found.faults)
    if not mend:
        audits.show(found, since=since, json_wanted=as_json)
        return EXIT_FINDINGS if found.findings else EXIT_OK
    if dry_run:
        display.deliveries(planned.going, json_wanted=as_json)
        return EXIT_FINDINGS if found.findings else EXIT_OK
    from notify_cli.cli.sending import stop_on_signals
    from notify_cli.sending.run import MAX_RUNTIME

    with display.progress() as progress, stop_on_signals() as stop:
        summary = mending.send(
            session.connect, settings, policy, planned, max_runtime=MAX_RUNTIME, stop=stop, progress=progress
        )
    audits.mended(summary, planned, json_wanted=as_json)
    display.errors(summary.faults)
    return summary.exit_code or (EXIT_FINDINGS if found.findings else EXIT_OK)
