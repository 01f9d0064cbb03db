"""One sweep: find what is due, and for each delivery claim, render, send, record. Nothing is kept between runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import db, due, log
from notify_cli.due.policy import Rules
from notify_cli.errors import EXIT_CONFIG, ConfigError
from notify_cli.model import Delivery
from notify_cli.platform import contract
from notify_cli.sending.run import Progress, Timeouts
from notify_cli.sending.summary import Summary

if TYPE_CHECKING:
    from notify_cli.config import Settings

MAX_RUNTIME = 55.0  # seconds: cron starts the next run after 60
DEFAULT = Timeouts()


def sweep(
    connect: Callable[[], db.Connection],
    settings: Settings,
    *,
    now: datetime | None = None,
    types: Collection[str] | None = None,
    max_runtime: float = MAX_RUNTIME,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    timeouts: Timeouts = DEFAULT,
) -> Summary:
    """Send what is due and not sent yet, within `max_runtime` seconds plus one request.

    `now` is the aware time to compute for, None for the database's clock. Faults of single deliveries are in the log,
    those of a whole channel in the summary. Raises DatabaseError and ConfigError when nothing could be done at all.
    """
    started = time.monotonic()
    deadline = started + max_runtime
    rules = Rules(settings)
    with db.with_deadline(connect, deadline + timeouts.ending)() as connection, contract.blamed(connection):
        log.expire(connection, now=now)
        deliveries = _due(connection, rules, now, types)
    summary = Summary(due=len(deliveries))
    if deliveries:
        # Loaded only here: a run with nothing to do must not pay for any of it.
        from notify_cli.sending import dispatch

        dispatch.deliver(
            connect, settings, rules, deliveries, summary,
            deadline=deadline, now=now, stop=stop, progress=progress, timeouts=timeouts,
        )  # fmt: skip
    summary.blame(EXIT_CONFIG, *rules.faults)
    summary.seconds = round(time.monotonic() - started, 3)
    return summary


def preview(
    connect: Callable[[], db.Connection],
    settings: Settings,
    *,
    now: datetime | None = None,
    types: Collection[str] | None = None,
) -> list[Delivery]:
    """What `sweep` would send, without writing anything. Raises DatabaseError, ConfigError."""
    rules = Rules(settings)
    with connect() as connection, contract.blamed(connection):
        found = _due(connection, rules, now, types)
    if rules.faults:
        raise ConfigError(*rules.faults)
    return found


def _due(
    connection: db.Connection, rules: Rules, now: datetime | None, types: Collection[str] | None
) -> list[Delivery]:
    found = due.find(connection, due.Window(now=now), rules.policy(), types=types)
    if found:
        contract.require(connection)
    return [candidate.delivery for candidate in found]
