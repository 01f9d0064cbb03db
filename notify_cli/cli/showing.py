"""The command that shows one delivery whole."""

from __future__ import annotations

from typing import Annotated

import typer

from notify_cli.cli.session import Json, session
from notify_cli.cli.values import an_id
from notify_cli.errors import EXIT_OK, UsageError


def show(
    reminder_id: Annotated[int, typer.Argument(help="As notify log has it.", metavar="REMINDER_ID", parser=an_id)],
    as_json: Json = False,
) -> int:
    """Show one delivery whole: the text that was sent, what became of each attempt and when, the provider's id."""
    from notify_cli.display import whole
    from notify_cli.log import history

    with session.connect() as connection:
        found = history.one(connection, reminder_id)
    if found is None:
        raise UsageError(f"there is no delivery {reminder_id}: notify log --json has the ids")
    whole.show(*found, json_wanted=as_json)
    return EXIT_OK
