"""One-off messages: planned for all their recipients, then stored as rows that wait, then sent like any other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import db, log
from notify_cli.config import rehearsal
from notify_cli.delivery import Delivery
from notify_cli.log import history
from notify_cli.manual.plan import Plan
from notify_cli.sending.run import MAX_RUNTIME
from notify_cli.sending.summary import Summary

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.due import Policy
    from notify_cli.sending.run import Progress

SETTLING = 15.0  # seconds that a row which another run is sending gets to have an outcome


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one delivery: delivered, failed, retrying, scheduled, duplicate, or why it was not sent.

    One that `waits` is in the log to go out at its time, whatever its status is as things are.
    """

    delivery: Delivery
    status: str
    error: str | None = None
    waits: bool = False


def foreseen(planned: Plan) -> list[Result]:
    """What would become of a plan; `will_send` is what would go out."""
    return [Result(entry.delivery, entry.status or "will_send", entry.note) for entry in planned.entries]


def store(connection: db.Connection, planned: Plan, *, now: datetime | None = None) -> list[Result]:
    """Store a plan to go out at its time, in one statement; a job that waits already takes the new time and content.

    Raises DatabaseError.
    """
    stored = log.store(connection, planned.kept, now=now)
    results = []
    for entry in planned.entries:
        waits = entry.delivery.notification_key in stored
        results.append(Result(entry.delivery, *_outcome(entry.status, entry.note, waits), waits))
    return results


def send(
    connect: Callable[[], db.Connection],
    settings: Settings,
    policy: Policy,
    planned: Plan,
    *,
    patience: float = float("inf"),
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> tuple[list[Result], Summary]:
    """Send a plan at once, for at most about `patience` seconds; what is left then goes out with the next sweeps.

    It is stored first, so a crash loses nothing, and a sweep at the same time sends nothing twice. Raises
    DatabaseError, ConfigError.
    """
    from notify_cli.sending import dispatch

    with connect() as connection:
        stored = log.store(connection, planned.going)
    waiting = [delivery for delivery in planned.going if delivery.notification_key in stored]
    summary = Summary(due=len(waiting))
    watched = _Watched(progress) if progress else None
    ends = time.monotonic() + patience
    # In rounds as long as a sweep's, so that a crash leaves no row leased for longer than a sweep would.
    while waiting:
        deadline = min(ends, time.monotonic() + MAX_RUNTIME)
        dispatch.deliver(connect, settings, policy, waiting, summary, deadline=deadline, stop=stop, progress=watched)
        left = _unsent(connect, waiting, summary)
        stuck = len(left) == len(waiting) or summary.exit_code or (stop and stop.is_set()) or time.monotonic() >= ends
        waiting = left
        if stuck:
            break
    return _results(connect, settings, planned, stored, summary), summary


def _unsent(connect: Callable[[], db.Connection], waiting: Sequence[Delivery], summary: Summary) -> list[Delivery]:
    """What has no outcome and is in nobody's hands."""
    open_keys = [d.notification_key for d in waiting if d.notification_key not in summary.statuses]
    if not open_keys:
        return []
    with connect() as connection:
        known = history.known(connection, open_keys)
    free = {key for key, row in known.items() if row.status == "pending" and not row.leased}
    return [delivery for delivery in waiting if delivery.notification_key in free]


def _results(
    connect: Callable[[], db.Connection], settings: Settings, planned: Plan, stored: frozenset[str], summary: Summary
) -> list[Result]:
    unknown = [key for key in stored if key not in summary.statuses]
    settled = _settled(connect, unknown) if unknown else {}
    reason = summary.faults[0] if summary.faults else "not tried yet: the next sweep sends it"
    results = []
    for entry in planned.entries:
        key = entry.delivery.notification_key
        if key in summary.statuses:
            results.append(Result(entry.delivery, *summary.statuses[key]))
        elif key in stored and (row := settled.get(key)) is not None and row.status in ("delivered", "failed"):
            results.append(Result(entry.delivery, row.status, row.error))
        elif key in stored:
            channel = entry.delivery.method.way.channel
            why = rehearsal.stopped(channel) if settings.stops(channel) else reason
            results.append(Result(entry.delivery, "retrying", why))
        else:
            results.append(Result(entry.delivery, *_outcome(entry.status, entry.note, stored=False)))
    return results


def _settled(connect: Callable[[], db.Connection], keys: Sequence[str]) -> dict[str, history.Known]:
    """What the log says of rows that we did not send ourselves: a sweep may have been quicker and be sending them."""
    ends = time.monotonic() + SETTLING
    with connect() as connection:
        while True:
            known = history.known(connection, keys)
            if time.monotonic() > ends or not any(row.leased for row in known.values()):
                return known
            time.sleep(0.2)


def _outcome(status: str, note: str | None, stored: bool) -> tuple[str, str | None]:
    """The status and error of a delivery that was not sent now."""
    if status:
        return status, note
    return ("scheduled", note) if stored else ("duplicate", "was sent, or is being sent, by another run")


class _Watched:
    """The progress of several rounds as one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._started = False

    def start(self, total: int) -> None:
        """So many are due; said once."""
        if not self._started:
            self._progress.start(total)
        self._started = True

    def advance(self, count: int) -> None:
        """So many more have an outcome."""
        self._progress.advance(count)
