"""Commands that look and change nothing: what goes out, what went out, and why."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.completion import complete_job_ids, complete_types
from notify_cli.cli.session import Json, session
from notify_cli.cli.values import id_option, name_option
from notify_cli.errors import EXIT_OK, UsageError
from notify_cli.registry import types_of_section

_ON_A_TERMINAL = 100

User = Annotated[str | None, name_option("user", "--user", "Only this person.")]
Group = Annotated[str | None, name_option("group", "--group", "Only this group.")]
Meeting = Annotated[int | None, id_option("--meeting", "Only this meeting.")]


class Status(StrEnum):
    """What the log says of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


def upcoming(
    within: Annotated[str, typer.Option(help="How far to look ahead: 12h, 7d, 4w.", metavar="TIME")] = "7d",
    user: User = None,
    meeting: Meeting = None,
    as_json: Json = False,
) -> int:
    """Show what will go out, when, to whom and by which channel.

    It is what the tables say now: a meeting that is moved, a member who leaves change it.
    """
    from notify_cli.display import messages
    from notify_cli.due import Policy
    from notify_cli.due import upcoming as coming

    policy = Policy.of(session.settings)
    ahead = when.duration(within)
    with session.connect() as connection:
        found = coming.deliveries(connection, policy, within=ahead, user_id=user, meeting_id=meeting)
        names = coming.names(connection, found)
    empty = f"Nothing will go out within {within}: notify explain --user ID says why."
    messages.upcoming(found, names, empty=empty, json_wanted=as_json)
    display.rehearsal(session.settings, json_wanted=as_json)
    display.errors(found.faults)
    return EXIT_OK


def log(
    user: User = None,
    group: Group = None,
    status: Annotated[
        list[Status] | None,
        typer.Option(help="Only pending, delivered, failed, cancelled, expired; may be repeated.", metavar="STATUS"),
    ] = None,
    message_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type; may be repeated.", metavar="TYPE", autocompletion=complete_types),
    ] = None,
    job: Annotated[
        str | None,
        typer.Option(help="Only jobs like this: 'meeting_5_*'.", metavar="GLOB", autocompletion=complete_job_ids),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only the last 2h, 1d, 4w.", metavar="TIME")] = None,
    most: Annotated[
        int | None,
        typer.Option("-n", "--most", help="Only the newest N; a terminal shows 100.", metavar="N", min=1),
    ] = None,
    as_json: Json = False,
) -> int:
    """Show what was sent, or failed and why; the oldest first."""
    from notify_cli.display import messages
    from notify_cli.log import history

    ago = when.duration(since) if since else None
    limit = _ON_A_TERMINAL if most is None and since is None and sys.stdout.isatty() and not as_json else most
    with session.connect() as connection:
        entries = history.entries(
            connection,
            since=ago,
            user_id=user,
            group_id=group,
            statuses=status,
            types=_types(message_type),
            job_pattern=job,
            most=limit,
        )
    if message_type and not entries:
        # The log may know types that are in no messages file any more; of one that neither knows it is a mistake.
        from notify_cli.due.policy import expand

        expand(message_type, session.settings, "--type", UsageError)
    messages.log(entries, empty="There is nothing like that in the log.", json_wanted=as_json)
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
