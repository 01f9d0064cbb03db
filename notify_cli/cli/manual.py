"""Commands for single messages: send one to somebody, keep jobs from going out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.completion import complete_job_ids, complete_types
from notify_cli.cli.sending import stop_on_signals
from notify_cli.cli.session import Json, confirm, session
from notify_cli.cli.values import Given, channel_option, id_option, variables
from notify_cli.config import Need
from notify_cli.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notify_cli.delivery import Job
    from notify_cli.manual.order import Order

MANY = 20  # people; more are asked about
INTERRUPTED = 130


def send(
    reminder_type: Annotated[
        str, typer.Argument(help="A message of messages.yaml.", metavar="TYPE", autocompletion=complete_types)
    ],
    users: Annotated[list[int] | None, id_option("--user", "To this user; may be repeated.")] = None,
    groups: Annotated[
        list[int] | None, id_option("--group", "To this group's members and channel; may be repeated.")
    ] = None,
    cohorts: Annotated[list[int] | None, id_option("--cohort", "To everyone in this cohort; may be repeated.")] = None,
    meeting: Annotated[int | None, id_option("--meeting", "About this meeting, not the next one.")] = None,
    given: Given = None,
    channels: Annotated[list[str] | None, channel_option("By this channel only; may be repeated.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Later: 2026-02-04T15:00, 'tomorrow 9:00', 'in 2 hours'.", metavar="T")
    ] = None,
    job_id: Annotated[str | None, typer.Option(help="The job id it goes out under, once.", metavar="ID")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would get what; send and write nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Also to those who got it before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before sending to many.")] = False,
    as_json: Json = False,
) -> int:
    """Send a message to users, a group or a cohort, now or later.

    With --user, --group names the group that the message is about.
    """
    from notify_cli.manual.order import Order

    order = Order(
        reminder_type,
        variables(given or []),
        user_ids=tuple(dict.fromkeys(users or [])),
        group_ids=tuple(dict.fromkeys(groups or [])),
        cohort_ids=tuple(dict.fromkeys(cohorts or [])),
        meeting_id=meeting,
        channels=tuple(channels or []),
        at=when.later(at, datetime.now(UTC)) if at is not None else None,
        job_id=job_id,
        force=force,
    )
    _refuse_unclear(order)
    return _carry_out(order, dry_run=dry_run, yes=yes, as_json=as_json)


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


def _carry_out(order: Order, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Plan an order; then show the plan, store it or send it. Returns the exit code."""
    from notify_cli import manual
    from notify_cli.display import manual as shown
    from notify_cli.due import Policy, upcoming
    from notify_cli.manual import content, plan

    settings = session.settings
    content.refuse_unknown(settings, order)
    settings.require(Need.DATABASE if dry_run or order.at else Need.SENDING)
    policy = Policy.of(settings)
    with session.connect() as connection:
        planned = plan.make(connection, settings, policy, order)
        display.errors(planned.choices)
        names = upcoming.names(connection, [entry.delivery for entry in planned.entries])
        if not dry_run and not yes and planned.people > MANY:
            confirm(f"Send {order.reminder_type} to {planned.people} people?")
        if dry_run or order.at:
            found = manual.foreseen(planned) if dry_run else manual.store(connection, planned)
            shown.results(found, names, at=order.at, json_wanted=as_json)
            display.rehearsal(settings, json_wanted=as_json)
            return EXIT_OK
    with display.progress() as progress, stop_on_signals() as stop:
        found, summary = manual.send(session.connect, settings, policy, planned, stop=stop, progress=progress)
    shown.results(found, names, json_wanted=as_json)
    display.rehearsal(settings, json_wanted=as_json)
    display.errors(summary.faults)
    if stop.is_set():
        display.errors(["interrupted: what is left goes out with the next sweep, unless notify cancel stops its job"])
        return summary.exit_code or INTERRUPTED
    return summary.exit_code


def _refuse_unclear(order: Order) -> None:
    """Raise UsageError unless the options say plainly whom it goes to."""
    if not (order.user_ids or order.group_ids or order.cohort_ids):
        raise UsageError("nobody to send to: name them with --user, --group or --cohort")
    if order.cohort_ids and (order.user_ids or order.group_ids):
        raise UsageError("--cohort stands alone: send to users or groups in a command of its own")
    if order.user_ids and len(order.group_ids) > 1:
        raise UsageError("with --user, --group is the group that the message is about: name one")
