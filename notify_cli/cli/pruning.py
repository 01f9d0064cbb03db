"""The command that deletes what nothing needs any more."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.session import Json, session
from notify_cli.cli.values import name_option
from notify_cli.errors import EXIT_OK, UsageError


def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Delete what is older: 1y, 26w, 400d.", metavar="TIME")
    ] = None,
    user: Annotated[str | None, name_option("user", "--user", "Erase this person's texts and addresses.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; delete nothing.")] = False,
    as_json: Json = False,
) -> int:
    """Delete old rows of the log that nothing needs any more, or erase what is known of a person.

    What a rule, a calendar or a cancellation still needs stays, however old it is. --user erases texts and addresses,
    of deleted accounts too, and keeps that something was sent.
    """
    from notify_cli import prune as pruning
    from notify_cli.platform import named

    if (older_than is None) == (user is None):
        raise UsageError("give --older-than TIME or --user NAME")
    done = "would be" if dry_run else "were"
    with session.connect() as connection:
        if older_than is not None:
            count = pruning.older_than(connection, when.duration(_in_days(older_than)), dry_run=dry_run)
            told = {"deleted": count}
            words = f"{count} rows {done} deleted."
        else:
            assert user is not None  # noqa: S101 - one of the two is given
            erased = pruning.person(connection, named.user(connection, user), dry_run=dry_run)
            told = {"messages": erased.messages, "calendars": erased.calendars, "addresses": erased.addresses}
            words = (
                "{messages} messages, {calendars} calendars and {addresses} addresses".format(**told)
                + f" {done} erased."
            )
    if as_json:
        display.as_json(told)
    else:
        display.line(words)
    return EXIT_OK


def _in_days(text: str) -> str:
    """Years, which no other command has any use for, as days."""
    return re.sub(r"([0-9]{1,2})\s*y", lambda match: f"{int(match[1]) * 365}d", text.strip().lower())
