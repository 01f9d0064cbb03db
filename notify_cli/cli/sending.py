"""The command that sends what is due."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from notify_cli import display
from notify_cli.cli import when
from notify_cli.cli.session import Json, session
from notify_cli.config import Need
from notify_cli.errors import EXIT_INTERRUPTED, EXIT_OK, NotifyError, UsageError

if TYPE_CHECKING:
    from notify_cli.config import Settings


def sweep_due(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print who would get what; write nothing.")] = False,
    now: Annotated[
        str | None, typer.Option(help="Compute as if it were T (dry run or outbox only).", metavar="T")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this type; may be repeated.", metavar="TYPE")] = None,
    max_runtime: Annotated[
        float, typer.Option(help="Seconds after which nothing more is begun.", min=1, max=3600)
    ] = 55,
    as_json: Json = False,
) -> int:
    """Send everything that is due and not sent yet. Cron runs this every minute."""
    from notify_cli.sending import sweep

    if not math.isfinite(max_runtime):
        raise UsageError("--max-runtime is no number of seconds: give one from 1 to 3600")
    at = None if now is None else when.instant(now)
    if dry_run:
        settings = session.settings_for(Need.DATABASE)
        found = sweep.preview(session.connect, settings, now=at, types=_known_types(only))
        display.deliveries(found, json_wanted=as_json)
        display.rehearsal(settings, json_wanted=as_json)
        return EXIT_OK
    with _alarm():
        settings = session.settings_for(Need.SENDING)
        if at and settings.outbox is None:
            raise UsageError("--now sends nothing at a false time: add --dry-run, or set NOTIFY_OUTBOX")
        types = _known_types(only)
        with display.progress() as progress, stop_on_signals() as stop:
            summary = sweep.sweep(
                session.connect, settings, now=at, types=types, max_runtime=max_runtime, stop=stop, progress=progress
            )
    if settings.metrics_file or settings.log:
        from notify_cli.cli import watching

        watching.tell(settings, summary, json_wanted=as_json)
    _heartbeat(settings, healthy=summary.exit_code == EXIT_OK)
    display.summary(summary, json_wanted=as_json)
    display.rehearsal(settings, json_wanted=as_json)
    display.errors(summary.faults)
    return summary.exit_code


def _known_types(names: list[str] | None) -> list[str] | None:
    """The types named by --only; both nudges for `lesson_nudge`. Raises UsageError for a name that no message has."""
    if not names:
        return None
    from notify_cli.due import policy

    return policy.expand(names, session.settings, "--only", UsageError)


def _heartbeat(settings: Settings, *, healthy: bool) -> None:
    if settings.heartbeat_url:
        from notify_cli.channels import heartbeat

        heartbeat.ping(settings.heartbeat_url, healthy=healthy)


@contextmanager
def _alarm() -> Iterator[None]:
    """Tell the watchdog of a run that came to nothing, whatever ended it."""
    try:
        yield
    except Exception:
        with suppress(NotifyError):  # settings that cannot be read name no watchdog
            _heartbeat(session.settings, healthy=False)
        raise


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set: the run finishes what is in flight. A second Ctrl-C ends it at once."""
    stop = threading.Event()

    def on_signal(number: int, frame: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            os._exit(EXIT_INTERRUPTED)
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
