"""The command that tells what an edited messages file would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.session import Json, session
from notify_cli.config import Need
from notify_cli.errors import EXIT_FINDINGS, EXIT_OK


def forecast(
    messages: Annotated[
        Path, typer.Option("--messages", help="The edited messages file.", metavar="FILE", exists=True, dir_okay=False)
    ],
    within: Annotated[str, typer.Option(help="How far to look ahead: 12h, 7d, 4w.", metavar="TIME")] = "14d",
    as_json: Json = False,
) -> int:
    """Tell what an edited messages file would change in what goes out: deliveries, times, texts. Sends nothing.

    Exit 0 for no difference, 1 for one, 78 for a file with faults: made for a check before an edit goes live.
    """
    from notify_cli.audit import forecast as forecasting
    from notify_cli.display import forecasts

    settings = session.settings_for(Need.DATABASE)
    found = forecasting.compare(session.connect, settings, messages, within=when.duration(within))
    forecasts.show(found, within=within, json_wanted=as_json)
    display.rehearsal(settings, json_wanted=as_json)
    return EXIT_FINDINGS if found else EXIT_OK
