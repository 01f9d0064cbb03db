"""One sweep: find what is due, and for each delivery claim, render, send, record. Nothing is kept between runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import db, due, log
from notify_cli.delivery import Delivery
from notify_cli.due import Policy, timing
from notify_cli.errors import EXIT_CONFIG, ConfigError
from notify_cli.platform import contract, start
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
    policy = Policy.of(settings)
    with db.with_deadline(connect, deadline + timeouts.ending)() as connection, contract.blamed(connection):
        policy = _timed(connection, policy, settings, keeping=now is None and not settings.rehearsal)
        if now is None and not settings.rehearsal:
            start.begin(connection, due.rule_names(policy) if types is None else types)
        log.expire(connection, rehearsal=settings.rehearsal, now=now)
        _absorb(connection, policy, now, types)
        found = _due(connection, policy, now, types, noting=True)
    deliveries = [candidate.delivery for candidate in found]
    summary = Summary(due=len(deliveries))
    if deliveries:
        # Loaded only here: a run with nothing to do must not pay for any of it.
        from notify_cli.sending import dispatch

        dispatch.deliver(
            connect, settings, policy, deliveries, summary,
            deadline=deadline, now=now, stop=stop, progress=progress, timeouts=timeouts,
        )  # fmt: skip
        with db.with_deadline(connect, deadline + timeouts.ending)() as connection:
            _absorb(connection, policy, now, types)
    # Reminders go out without their lessons where the course files have faults: the sweep says so. What staff send by
    # hand says it before it is sent, and only where it speaks of lessons.
    summary.blame(EXIT_CONFIG, *policy.timing().faults)
    summary.blame(EXIT_CONFIG, *(policy.faults() if deliveries else found.faults))
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
    policy = Policy.of(settings)
    with connect() as connection, contract.blamed(connection):
        found = _due(connection, policy, now, types)
    if found.faults:
        raise ConfigError(*found.faults)
    return [candidate.delivery for candidate in found]


def _timed(connection: db.Connection, policy: Policy, settings: Settings, *, keeping: bool) -> Policy:
    """The policy with the timing as an earlier sweep has read it from the messages file, else as this one reads it."""
    found = timing.kept(connection, settings, policy.courses)
    if keeping:
        timing.keep(connection, settings, found)
    return replace(policy, timing=lambda: found)


def _absorb(connection: db.Connection, policy: Policy, now: datetime | None, types: Collection[str] | None) -> None:
    """Put down in the log whose content was delivered in another message (`absorbs`)."""
    if pairs := due.absorbed(connection, due.Window(now=now), policy, types):
        log.absorb(connection, pairs)


def _due(
    connection: db.Connection,
    policy: Policy,
    now: datetime | None,
    types: Collection[str] | None,
    *,
    noting: bool = False,
) -> due.Found:
    """What goes out now; `noting` puts down what was found of calendars, which is then not looked at again."""
    window = due.Window(now=now)
    looked = due.look(connection, window, policy, types)
    if noting:
        due.note(connection, looked, policy)
    found = due.find(connection, window, policy, types=types, looked=looked)
    if found:
        contract.require(connection)
    return found
