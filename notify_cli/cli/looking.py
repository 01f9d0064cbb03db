"""Commands that look and change nothing: what goes out, what went out, and why."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.completion import complete_job_ids, complete_types
from notify_cli.cli.session import Json, session
from notify_cli.cli.values import a_state, id_option, name_option
from notify_cli.errors import EXIT_OK, UsageError
from notify_cli.registry import types_of_section

_ON_A_TERMINAL = 100

User = Annotated[str | None, name_option("user", "--user", "Only this person.")]
Group = Annotated[str | None, name_option("group", "--group", "Only this group.")]
Meeting = Annotated[int | None, id_option("--meeting", "Only this meeting.")]


def upcoming(
    within: Annotated[
        str, typer.Option(help="How far to look ahead: 12h, 7d, or until 'friday 18:00'.", metavar="TIME")
    ] = "7d",
    user: User = None,
    group: Group = None,
    meeting: Meeting = None,
    everybody: Annotated[bool, typer.Option("--all", help="A line for each recipient.")] = False,
    as_json: Json = False,
) -> int:
    """Show what will go out: by day, each message, what it is about, to how many and by which channel.

    It is what the tables say now: a meeting that is moved, a member who leaves change it.
    """
    from notify_cli.display import coming as shown
    from notify_cli.display import shapes
    from notify_cli.due import Policy
    from notify_cli.due import upcoming as coming
    from notify_cli.platform import named

    policy = Policy.of(session.settings)
    ahead = when.within(within, datetime.now(UTC))
    with session.connect() as connection:
        found = coming.deliveries(
            connection,
            policy,
            within=ahead,
            user_id=None if user is None else named.user(connection, user),
            group_id=None if group is None else named.group(connection, group),
            meeting_id=None if meeting is None else named.meeting(connection, meeting),
        )
        names = coming.names(connection, found)
    if as_json:
        display.as_json([shapes.delivery(delivery) for delivery in found])
    else:
        empty = f"Nothing will go out within {within}: notify explain --user NAME says why."
        (shown.everybody if everybody else shown.by_day)(found, names, empty=empty)
    display.rehearsal(session.settings, json_wanted=as_json)
    display.errors(found.faults)
    return EXIT_OK


def log(
    user: User = None,
    group: Group = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            help="Only delivered, failed, retrying, scheduled, cancelled, ...; may be repeated.",
            metavar="STATUS",
            parser=a_state,
        ),
    ] = None,
    message_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type; may be repeated.", metavar="TYPE", autocompletion=complete_types),
    ] = None,
    job: Annotated[
        str | None,
        typer.Option(help="Only jobs like this: 'meeting_5_*'.", metavar="GLOB", autocompletion=complete_job_ids),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only since then: 2h, 7d, yesterday.", metavar="TIME")] = None,
    most: Annotated[
        int | None,
        typer.Option("-n", "--most", help="Only the newest N; a terminal shows 100.", metavar="N", min=1),
    ] = None,
    as_json: Json = False,
) -> int:
    """Show what was sent, failed, expired or cancelled, when and why; the oldest first."""
    from notify_cli.display import messages, words
    from notify_cli.log import history
    from notify_cli.platform import named

    after = None if since is None else when.since(since, datetime.now(UTC))
    limit = _ON_A_TERMINAL if most is None and since is None and sys.stdout.isatty() and not as_json else most
    with session.connect() as connection:
        found = history.events(
            connection,
            since=after,
            user_id=None if user is None else named.user(connection, user),
            group_id=None if group is None else named.group(connection, group),
            statuses=None if status is None else [word for one in status for word in words.in_the_log(one)],
            types=_types(message_type),
            job_pattern=job,
            most=limit,
        )
    if message_type and not found:
        # The log may know types that are in no messages file any more; of one that neither knows it is a mistake.
        from notify_cli.due.policy import expand

        expand(message_type, session.settings, "--type", UsageError)
    empty = "There is nothing like that in the log. Of what was never tried, notify explain --user NAME says why."
    messages.log(found, empty=empty, json_wanted=as_json)
    return EXIT_OK


def explain(
    user: Annotated[str, name_option("user", "--user", "Whom it is about.")],
    meeting: Meeting = None,
    as_json: Json = False,
) -> int:
    """Say why somebody got a message, or did not.

    The verdict of every rule, in words: about the person, and about each meeting since a month ago.
    """
    from notify_cli import explain as explaining
    from notify_cli.display import verdicts
    from notify_cli.due import Policy
    from notify_cli.platform import named

    policy = Policy.of(session.settings)
    with session.connect() as connection:
        found = explaining.explain(connection, policy, named.user(connection, user), meeting_id=meeting)
    verdicts.show(found, json_wanted=as_json)
    display.errors(found.faults)
    return EXIT_OK


def _types(names: list[str] | None) -> list[str] | None:
    """The types of --type; the name of a section stands for all types that share it."""
    if names is None:
        return None
    return [rule for name in names for rule in (name, *(one.name for one in types_of_section(name)))]
