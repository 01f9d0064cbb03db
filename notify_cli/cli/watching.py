"""The command that says how it stands, and what a sweep writes for those who watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli.session import Json, session
from notify_cli.config import Need
from notify_cli.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.sending.summary import Summary


def status(
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Print the figures for Prometheus.")] = False,
    as_json: Json = False,
) -> int:
    """Say how it stands: the last sweep, what is overdue, the last 24 hours, direct messages that wait."""
    from notify_cli.audit import status as standing
    from notify_cli.display import metrics
    from notify_cli.display import status as shown
    from notify_cli.due import Policy

    if prometheus and as_json:
        raise UsageError("--prometheus and --json are two forms of the same: give one of them")
    settings = session.settings_for(Need.DATABASE)
    policy = Policy.of(settings)
    with session.connect() as connection:
        found = standing.read(connection, policy, dm_interval=settings.dm_interval, stops=settings.stops)
    if prometheus:
        typer.echo(metrics.of_status(found), nl=False)
    else:
        shown.show(found, json_wanted=as_json)
    display.errors(found.faults)
    return EXIT_OK


def tell(settings: Settings, done: Summary, *, json_wanted: bool) -> None:
    """Write what the settings ask for about a sweep: its figures into a file, a line into a log.

    `json_wanted`: stdout has the summary as JSON. What cannot be written is a fault of the run.
    """
    from notify_cli.display import metrics, runlog
    from notify_cli.errors import EXIT_CONFIG, ConfigError

    try:
        if settings.metrics_file:
            metrics.write(settings.metrics_file, done)
        if settings.log:
            runlog.write(settings.log, done, json_wanted=json_wanted)
    except ConfigError as error:
        done.blame(EXIT_CONFIG, *error.lines)
