"""One sweep: find what is due, and for each delivery claim, render, send, record. Nothing is kept between runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from notify_cli import db, due, log
from notify_cli.delivery import Delivery
from notify_cli.due import Policy, timing
from notify_cli.errors import EXIT_CONFIG, ConfigError, DatabaseError
from notify_cli.platform import contract, start
from notify_cli.sending import missed
from notify_cli.sending.lapse import Lapse
from notify_cli.sending.run import DEFAULT_TIMEOUTS, MAX_RUNTIME, Progress, Timeouts
from notify_cli.sending.summary import Summary

if TYPE_CHECKING:
    from notify_cli.config import Settings


def sweep(
    connect: Callable[[], db.Connection],
    settings: Settings,
    *,
    now: datetime | None = None,
    types: Collection[str] | None = None,
    max_runtime: float = MAX_RUNTIME,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
) -> Summary:
    """Send what is due and not sent yet, within `max_runtime` seconds plus one request.

    `now` is the aware time to compute for, None for the database's clock. Faults of single deliveries are in the log,
    those of a whole channel in the summary. Raises DatabaseError and ConfigError when nothing could be done at all.
    """
    started = time.monotonic()
    deadline = started + max_runtime
    policy = Policy.of(settings)
    with db.with_deadline(connect, deadline + timeouts.ending)() as connection, contract.blamed(connection):
        began = timing.kept(connection, settings, policy.courses, now=now)
        policy = replace(policy, timing=lambda: began.timing)
        if now is None and not settings.rehearsal:
            timing.keep(connection, settings, began.timing)
            start.begin(connection, due.rule_names(policy) if types is None else types)
        _absorb(connection, policy, now, types)
        # What is put down of the time since the last sweep: only one that would have sent everything can tell.
        lapse = None if settings.rehearsal or types is not None else Lapse(began.last_swept_at, began.now)
        summary = Summary()
        # What is of no use any more is closed before calendars are looked at, whose next version it may hold up.
        if lapse is None:
            log.expire(connection, rehearsal=settings.rehearsal, now=now)
        elif lapse.is_gap:
            missed.close(connection, missed.passed(connection, policy, lapse, (), now=now), lapse, summary, now=now)
        found = _due(connection, policy, now, types, noting=True, since=lapse.looked_back if lapse else None)
        if lapse is not None and not lapse.is_gap:  # this look has seen what passed since the last one
            missed.close(connection, missed.passed(connection, policy, lapse, found, now=now), lapse, summary, now=now)
    deliveries = [candidate.delivery for candidate in found if candidate.verdict in due.GOES_OUT]
    summary.due = len(deliveries)
    if deliveries:
        # Loaded only here: a run with nothing to do must not pay for any of it.
        from notify_cli.sending import dispatch

        dispatch.deliver(
            connect, settings, policy, deliveries, summary,
            deadline=deadline, now=now, stop=stop, progress=progress, timeouts=timeouts, lapse=lapse,
        )  # fmt: skip
        if policy.timing().absorbing:
            try:
                with db.with_deadline(connect, deadline + timeouts.ending)() as connection:
                    _absorb(connection, policy, now, types)
            except DatabaseError as error:  # the next sweep does it
                summary.blame_database(*error.lines)
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


def _absorb(connection: db.Connection, policy: Policy, now: datetime | None, types: Collection[str] | None) -> None:
    """Put down in the log whose content was delivered in another message (`absorbs`)."""
    if pairs := due.absorbed(connection, due.Window(now=now), policy, types):
        from notify_cli.log import history

        known = history.known(connection, [absorber.notification_key for _, absorber in pairs], now=now)
        arrived = {key for key, row in known.items() if row.status == "delivered"}
        log.absorb(connection, {one: by.job_id for one, by in pairs if by.notification_key in arrived})


def _due(
    connection: db.Connection,
    policy: Policy,
    now: datetime | None,
    types: Collection[str] | None,
    *,
    noting: bool = False,
    since: timedelta | None = None,
) -> due.Found:
    """What goes out now, and with `since` what stopped being useful so long ago or later.

    `noting` puts down what was found of calendars, which is then not looked at again.
    """
    window = due.Window(now=now, since=since or timedelta(0))
    verdicts = due.GOES_OUT if since is None else (*due.GOES_OUT, "expired")
    looked = due.look(connection, window, policy, types)
    if noting:
        due.note(connection, looked, policy)
    found = due.find(connection, window, policy, types=types, verdicts=verdicts, looked=looked)
    if found:
        contract.require(connection)
    return found
