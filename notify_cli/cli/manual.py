"""The command that sends one message to somebody, now or later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.completion import complete_types
from notify_cli.cli.sending import stop_on_signals
from notify_cli.cli.session import Json, confirm, session
from notify_cli.cli.values import Given, an_address, channel_option, id_option, name_option, variables
from notify_cli.config import Need
from notify_cli.errors import EXIT_INTERRUPTED, EXIT_OK, UsageError

if TYPE_CHECKING:
    from notify_cli import db
    from notify_cli.manual.order import Order
    from notify_cli.manual.plan import Plan

MANY = 20  # messages; more are asked about


def send(
    reminder_type: Annotated[
        str, typer.Argument(help="A message of messages.yaml.", metavar="TYPE", autocompletion=complete_types)
    ],
    users: Annotated[list[str] | None, name_option("user", "--user", "To this person; may be repeated.")] = None,
    groups: Annotated[
        list[str] | None, name_option("group", "--group", "To this group's members and channel; may be repeated.")
    ] = None,
    cohorts: Annotated[
        list[str] | None, name_option("cohort", "--cohort", "To everyone in this cohort; may be repeated.")
    ] = None,
    meeting: Annotated[int | None, id_option("--meeting", "About this meeting, not the next one.")] = None,
    given: Given = None,
    channels: Annotated[list[str] | None, channel_option("By this channel only; may be repeated.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Later: 2026-02-04T15:00, 'tomorrow 9:00', 'in 2 hours'.", metavar="T")
    ] = None,
    job_id: Annotated[str | None, typer.Option(help="The job id it goes out under, once.", metavar="ID")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show who would get what, and when; send and write nothing.")
    ] = False,
    test_to: Annotated[
        str | None,
        typer.Option(help="Send one sample here, nothing to them.", metavar="ADDRESS", parser=an_address),
    ] = None,
    replace_waiting: Annotated[
        bool, typer.Option("--replace", help="In place of what waits under the same job id.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Also to those who got it before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before sending many.")] = False,
    as_json: Json = False,
) -> int:
    """Send a message to users, a group or a cohort, now or later.

    The same text goes to a person once; another text is another message. With --user, --group names the group that the
    message is about.
    """
    from notify_cli.manual.order import Order

    order = Order(
        reminder_type,
        variables(given or []),
        meeting_id=meeting,
        channels=tuple(channels or []),
        at=when.later(at, datetime.now(UTC)) if at is not None else None,
        job_id=job_id,
        force=force,
        replace=replace_waiting,
    )
    whom = _Whom(tuple(users or ()), tuple(groups or ()), tuple(cohorts or ()))
    _refuse_unclear(whom)
    if test_to is not None:
        return _send_sample(order, whom, test_to, as_json=as_json)
    return _carry_out(order, whom, dry_run=dry_run, yes=yes, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Whom:
    """Users, groups and cohorts as somebody typed them."""

    users: tuple[str, ...]
    groups: tuple[str, ...]
    cohorts: tuple[str, ...]

    def added_to(self, order: Order, connection: db.Connection) -> Order:
        """The order with their ids. Raises UsageError for who or what is not there, DatabaseError."""
        from notify_cli.platform import named

        return replace(
            order,
            user_ids=named.users(connection, self.users),
            group_ids=named.groups(connection, self.groups),
            cohort_ids=named.cohorts(connection, self.cohorts),
        )


def _carry_out(order: Order, whom: _Whom, *, dry_run: bool, yes: bool, as_json: bool) -> int:
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
        planned = plan.make(connection, settings, policy, whom.added_to(order, connection))
        display.errors(planned.choices)
        names = upcoming.names(connection, [entry.delivery for entry in planned.entries])
        if not dry_run and not yes and len(planned.going) > MANY:
            _show_plan(planned)
            confirm(f"Send {len(planned.going)} messages to {planned.recipients} people and channels?")
        if dry_run or order.at:
            found = manual.foreseen(planned) if dry_run else manual.store(connection, planned)
            shown.results(found, names, at=order.at, json_wanted=as_json)
            if dry_run and not as_json:
                _show_plan(planned)
            elif not as_json:
                shown.replaced(planned.replaced)
            display.rehearsal(settings, json_wanted=as_json)
            return EXIT_OK
    with display.progress() as progress, stop_on_signals() as stop:
        found, summary = manual.send(session.connect, settings, policy, planned, stop=stop, progress=progress)
    shown.results(found, names, json_wanted=as_json)
    display.rehearsal(settings, json_wanted=as_json)
    display.errors(summary.faults)
    if stop.is_set():
        display.errors(["interrupted: what is left goes out with the next sweep, unless notify cancel stops its job"])
        return summary.exit_code or EXIT_INTERRUPTED
    return summary.exit_code


def _show_plan(planned: Plan) -> None:
    from notify_cli.display import manual as shown
    from notify_cli.manual import sample

    shown.plan(planned, sample.render(planned, session.settings))


def _send_sample(order: Order, whom: _Whom, address: str, *, as_json: bool) -> int:
    """Send the first email that an order comes to, to one address in place of its reader."""
    from notify_cli.display import manual as shown
    from notify_cli.due import Policy
    from notify_cli.manual import content, plan, sample

    order = replace(order, channels=("email",), force=True)  # whoever got it before is as good a sample
    # As a rehearsal it cannot unsubscribe its reader, nor touch what their calendar holds.
    settings = replace(session.settings, redirect_email=address)
    content.refuse_unknown(settings, order)
    settings.require(Need.SENDING)
    with session.connect() as connection:
        planned = plan.make(connection, settings, Policy.of(settings), whom.added_to(order, connection))
    delivery, email = sample.send(planned, settings)
    shown.sample_sent(delivery, email, json_wanted=as_json)
    display.rehearsal(session.settings, json_wanted=as_json)
    return EXIT_OK


def _refuse_unclear(whom: _Whom) -> None:
    """Raise UsageError unless the options say plainly whom it goes to."""
    if not (whom.users or whom.groups or whom.cohorts):
        raise UsageError("nobody to send to: name them with --user, --group or --cohort")
    if whom.cohorts and (whom.users or whom.groups):
        raise UsageError("--cohort stands alone: send to users or groups in a command of its own")
    if whom.users and len(set(whom.groups)) > 1:
        raise UsageError("with --user, --group is the group that the message is about: name one")
