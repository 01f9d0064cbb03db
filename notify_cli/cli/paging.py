"""The command that writes the page."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli.session import session
from notify_cli.cli.values import name_option
from notify_cli.errors import EXIT_OK

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.page.view import Page


def page(
    folder: Annotated[Path, typer.Argument(help="Where to: its index.html is written.", metavar="DIR")],
    user: Annotated[str | None, name_option("user", "--user", "For this person, with their data and verdicts.")] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Leave out names, addresses and ids of people.")] = False,
) -> int:
    """Write a page to look at: all messages, what is to come, what was, what is wrong.

    One file that opens from the disk in any browser and needs nothing from outside. Former pages are replaced.
    """
    from notify_cli import page as pages

    settings = session.settings
    connect = session.connect if settings.database_url else None
    user_id = None
    if user is not None:
        from notify_cli.platform import named

        with session.connect() as connection:
            user_id = named.user(connection, user)
    made = pages.gather(settings, connect, user_id=user_id, redact=redact)
    display.line(f"Wrote {write(made, folder, settings)}: open it in a browser.")
    return EXIT_OK


def write(made: Page, folder: Path, settings: Settings) -> Path:
    """Write a page; where it is that of an outbox, the two link to each other. Returns its path; raises UsageError."""
    from notify_cli import page as pages
    from notify_cli.channels import outbox_index

    outbox = settings.outbox
    is_of_outbox = outbox is not None and (outbox / outbox_index.PAGE).parent.resolve() == folder.resolve()
    if is_of_outbox:
        made.outbox = f"../{outbox_index.NAME}"
    path = pages.save(folder, pages.html(made))
    if outbox and is_of_outbox:
        with suppress(OSError):  # the page is there
            outbox_index.write(outbox)
    return path
