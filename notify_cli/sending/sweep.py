"""One sweep: find what is due, and for each delivery claim, render, send, record. Nothing is kept between runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from notify_cli import db, due, log
from notify_cli.due.policy import Rules
from notify_cli.errors import (
    EXIT_CONFIG,
    EXIT_OK,
    EXIT_TEMPORARY,
    EXIT_UNAVAILABLE,
    AccountError,
    ConfigError,
    DatabaseError,
    DeliveryError,
    NotifyError,
)
from notify_cli.model import Delivery
from notify_cli.platform import contract
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.messages import Catalog
    from notify_cli.sending.channel_run import Run
    from notify_cli.sending.outcomes import Tally


class Progress(Protocol):
    """Who wants to watch a run."""

    def start(self, total: int) -> None:
        """So many deliveries are due."""

    def advance(self, count: int) -> None:
        """So many more have an outcome."""


MAX_RUNTIME = 55.0  # seconds: cron starts the next run after 60
ALARMING = 5  # attempts of a channel without one success, from which on it is an alarm
LAST_REQUEST = 10.0  # seconds that a request begun at the last moment, and its record, may take beyond that


@dataclass(slots=True)
class Summary:
    """What a run did. `faults` are lines for stderr, `exit_code` what they mean.

    Every delivery that was due is counted once: delivered, failed for good, to be retried, cancelled (no longer due
    when its turn came), or left: not tried by this run, because its time was up, its channel stopped, its section of
    the messages is faulty, another run has it, or no outcome came before the end.
    """

    due: int = 0
    delivered: int = 0
    failed: int = 0
    retrying: int = 0
    cancelled: int = 0
    left: int = 0
    by_method: dict[str, int] = field(default_factory=lambda: {method.value: 0 for method in Method})
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    exit_code: int = EXIT_OK
    database_lost: bool = False
    providers_down: set[str] = field(default_factory=set)
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The stable shape of `sweep-due --json`."""
        hidden = ("faults", "exit_code", "database_lost", "providers_down", "statuses")
        return {key: value for key, value in asdict(self).items() if key not in hidden}

    def blame(self, exit_code: int, *lines: str) -> None:
        """Add faults; the first kind of fault decides the exit code."""
        self.faults += [line for line in lines if line not in self.faults]
        if lines:
            self.exit_code = self.exit_code or exit_code

    def add(self, tally: Tally, provider: str) -> None:
        """Add what a lane did; one outage of a provider is told once, however many of its lanes met it."""
        for method, count in tally.delivered.items():
            self.by_method[method] += count
            self.delivered += count
        self.failed += tally.failed
        self.retrying += tally.retrying
        self.cancelled += tally.cancelled
        self.left += tally.left
        self.statuses |= tally.statuses
        account = isinstance(tally.fault, AccountError)
        down = tally.outage is not None and not tally.delivered and not account
        if isinstance(tally.fault, DatabaseError):
            # Every lane loses it in its own words: one fault, one line.
            self.blame(EXIT_TEMPORARY, *([] if self.database_lost else tally.fault.lines))
            self.database_lost = True
        elif tally.fault is not None and not (down and isinstance(tally.fault, DeliveryError)):
            self.blame(tally.fault.exit_code, *tally.fault.lines)
        if down and provider not in self.providers_down:
            self.providers_down.add(provider)
            self.blame(EXIT_UNAVAILABLE, f"nothing could be delivered, the provider is down: {tally.outage}")
        in_vain = tally.failed + tally.retrying
        if not down and tally.fault is None and not tally.delivered and in_vain >= ALARMING:
            # One bad recipient is no failure of the run; so many of them and nobody else is not about recipients.
            self.blame(EXIT_UNAVAILABLE, f"none of {in_vain} attempts came through, the last: {tally.last_error}")


def sweep(
    connect: Callable[[], db.Connection],
    settings: Settings,
    *,
    now: datetime | None = None,
    types: Collection[str] | None = None,
    max_runtime: float = MAX_RUNTIME,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Send what is due and not sent yet, within `max_runtime` seconds plus one request.

    `now` is the aware time to compute for, None for the database's clock. Faults of single deliveries are in the log,
    those of a whole channel in the summary. Raises DatabaseError and ConfigError when nothing could be done at all.
    """
    started = time.monotonic()
    deadline = started + max_runtime
    connect = db.with_deadline(connect, deadline + LAST_REQUEST)
    rules = Rules(settings)
    with connect() as connection, contract.blamed(connection):
        log.expire(connection, now=now)
        found = due.find(connection, due.Window(now=now), rules.policy(), types=types)
        if found:
            contract.require(connection)
    deliveries = [candidate.delivery for candidate in found]
    summary = Summary(due=len(deliveries))
    if deliveries:
        deliver(connect, settings, rules, deliveries, summary, deadline=deadline, now=now, stop=stop, progress=progress)
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
        found = due.find(connection, due.Window(now=now), rules.policy(), types=types)
        if found:
            contract.require(connection)
    if rules.faults:
        raise ConfigError(*rules.faults)
    return [candidate.delivery for candidate in found]


def deliver(
    connect: Callable[[], db.Connection],
    settings: Settings,
    rules: Rules,
    deliveries: Sequence[Delivery],
    summary: Summary,
    *,
    deadline: float,
    now: datetime | None = None,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> None:
    """Send deliveries that are due, each channel in a lane of its own, and add what became of them to `summary`.

    `deadline` is a time.monotonic(). Raises ConfigError when the messages file cannot be read.
    """
    # Loaded only here: a run with nothing to do must not pay for any of it.
    from notify_cli import channels, messages
    from notify_cli.sending.channel_run import Lane, Run

    catalog = messages.load(settings.messages)
    sound = _sound(catalog, deliveries, summary)
    opened = channels.open_channels(settings, {delivery.method for delivery in sound})
    run = Run(connect, settings, rules.policy(), catalog, rules.courses(), deadline, now, stop or threading.Event())
    if progress:
        progress.start(len(deliveries))
        run = replace(run, on_progress=progress.advance)
    # Methods that share a channel share its lane, and with it its pace.
    queues: dict[int, list[Delivery]] = {}
    for delivery in sound:
        queues.setdefault(id(opened[delivery.method]), []).append(delivery)
    lanes = [Lane(run, opened[queue[0].method], queue) for queue in queues.values()]
    threads = [threading.Thread(target=lane.run, daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    if not _ended(threads, run):
        summary.blame(EXIT_TEMPORARY, "the database did not answer in time: what this run left open is free again soon")
        summary.database_lost = True
    for lane, queue in zip(lanes, queues.values(), strict=True):
        summary.add(lane.tally, queue[0].method.value.partition("_")[0])
    for channel in opened.values():
        channel.close()


def _ended(threads: Sequence[threading.Thread], run: Run) -> bool:
    """Wait for the lanes, but not for ever for one that hangs beyond all its own limits."""
    end, stopping = run.deadline + LAST_REQUEST, False
    for thread in threads:
        while thread.is_alive() and time.monotonic() < end:
            thread.join(timeout=0.5)
            if run.stop.is_set() and not stopping:
                end, stopping = min(end, time.monotonic() + LAST_REQUEST), True
    return not any(thread.is_alive() for thread in threads)


def _sound(catalog: Catalog, deliveries: Sequence[Delivery], summary: Summary) -> list[Delivery]:
    """The deliveries whose message can be rendered; a fault in one section of the file holds up only that section."""
    from notify_cli import messages

    faulty: set[str] = set()
    for reminder_type in sorted({delivery.reminder_type for delivery in deliveries}):
        try:
            findings = messages.check_section(catalog, reminder_type)
            faults = [str(finding) for finding in findings if finding.severity == "error"]
        except NotifyError as error:
            faults = error.lines
        if faults:
            faulty.add(reminder_type)
            summary.blame(EXIT_CONFIG, *faults)
    sound = [delivery for delivery in deliveries if delivery.reminder_type not in faulty]
    summary.left += len(deliveries) - len(sound)
    return sound
