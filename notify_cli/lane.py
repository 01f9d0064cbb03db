"""One lane of a sweep: claim, render, send, record, over one channel and one connection of its own."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from notify_cli import compose, db, dm_channels, due, facts, log, pace
from notify_cli.errors import (
    AccountError,
    DatabaseError,
    DeliveryError,
    NotifyError,
    RecipientError,
    TemporaryError,
    UnknownOutcomeError,
)
from notify_cli.model import Delivery, DiscordMessage, Receipt

if TYPE_CHECKING:
    from notify_cli.channels import Channel
    from notify_cli.config import Settings
    from notify_cli.course import Courses
    from notify_cli.messages import Catalog

REQUEST_TIMEOUT = 10.0  # seconds, for one send in all
LEASE_MARGIN = timedelta(seconds=30)
STOP_GRACE = 5.0  # seconds that requests in flight get when the run is told to stop
RECORD_PATIENCE = 15.0  # seconds to get a lost database back for outcomes that are known
DM_PACE = "discord_dm"


@dataclass(frozen=True, slots=True)
class Run:
    """What all lanes of a run share. `now` is None for the database's clock, `deadline` is a time.monotonic()."""

    connect: Callable[[], db.Connection]
    settings: Settings
    policy: due.Policy
    catalog: Catalog
    courses: Courses | None
    deadline: float
    now: datetime | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    on_progress: Callable[[int], None] = lambda count: None

    def seconds_left(self) -> float:
        """Until the run must start nothing more."""
        return 0.0 if self.stop.is_set() else self.deadline - time.monotonic()


@dataclass(slots=True)
class Tally:
    """What a lane did. `left` are deliveries it did not try.

    `outage` is the last answer of a provider that is down, `fault` why the lane stopped early, if it did. `statuses`
    has (status, error) by notification key.
    """

    delivered: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    retrying: int = 0
    cancelled: int = 0
    left: int = 0
    outage: str | None = None
    fault: NotifyError | None = None
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)


@dataclass(slots=True)
class _Ready:
    claim: log.Claim
    composed: compose.Composed


def backoff(attempts: int, error: DeliveryError) -> float:
    """Seconds until the next try: the provider's own word, else 30 s doubling to 15 min, with jitter.

    After an unknown outcome the first retry comes at once, while Discord still knows the nonce.
    """
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        return error.retry_after
    if isinstance(error, UnknownOutcomeError) and attempts == 1:
        return 2.0
    seconds: float = min(900.0, 30.0 * 2 ** min(attempts - 1, 10))
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret


class Lane:
    """Delivers over one channel. `run` is called once, in a thread of its own."""

    def __init__(self, run: Run, channel: Channel, deliveries: Iterable[Delivery]) -> None:
        self.tally = Tally()
        self._run = run
        self._channel = channel
        self._waiting = deque(deliveries)
        self._ready: deque[_Ready] = deque()
        self._later: list[tuple[float, int, _Ready]] = []  # a heap: what the provider asked to come back with soon
        self._flying: dict[Future[Receipt], _Ready] = {}
        self._token = uuid4()
        self._failures_in_a_row = 0
        self._out_of_slots = False
        self._opened: dict[str, str] = {}  # DM channels opened by this lane: Discord id -> channel id

    def run(self) -> None:
        """Deliver until nothing is left, the time is up or the channel turns out unusable. Raises nothing."""
        pool = ThreadPoolExecutor(self._channel.concurrency, thread_name_prefix="send")
        try:
            with self._run.connect() as connection:
                try:
                    while self._goes_on() and (self._waiting or self._ready or self._later or self._flying):
                        self._claim(connection)
                        self._send(connection, pool)
                        self._record(connection, self._landed(self._wait()))
                finally:
                    self._finish(connection)
        except NotifyError as error:
            self.tally.fault = self.tally.fault or error
        finally:
            # Not waited for: what hangs past the deadline is left to its lease.
            pool.shutdown(wait=False, cancel_futures=True)
            self.tally.left += len(self._waiting)

    def _goes_on(self) -> bool:
        return self.tally.fault is None and not self._out_of_slots and self._run.seconds_left() > 0

    def _wants_more(self) -> bool:
        """Whether to claim: something waits, and neither what is ready nor what was put off piles up."""
        workers = self._channel.concurrency
        return bool(self._waiting) and len(self._ready) <= workers // 2 and len(self._later) < 16 * workers

    def _claim(self, connection: db.Connection) -> None:
        """Top up what is ready to be sent, so that the workers seldom wait for the database."""
        if not self._wants_more():
            return
        workers = self._channel.concurrency
        # One at a time where a pace makes each wait, several rounds' worth where the workers are many.
        size = min(len(self._waiting), 4 * workers - 3)
        batch = [self._waiting.popleft() for _ in range(size)]
        lease = timedelta(seconds=max(0.0, self._run.seconds_left())) + LEASE_MARGIN
        try:
            current = due.still_due(connection, batch, self._run.now, self._run.policy)
            claims = log.claim(connection, current, token=self._token, lease=lease, now=self._run.now)
        except NotifyError:
            self._waiting.extendleft(reversed(batch))
            raise
        self.tally.cancelled += len(batch) - len(current)
        if claims:
            self._render(connection, claims)

    def _render(self, connection: db.Connection, claims: Sequence[log.Claim]) -> None:
        deliveries = [claim.delivery for claim in claims]
        tables = facts.load(connection, deliveries, self._run.settings, self._run.courses, now=self._run.now)
        composed: list[_Ready] = []
        refused: list[log.Outcome] = []
        for claim in claims:
            try:
                composed.append(_Ready(claim, compose.message(claim, tables, self._run.catalog, self._run.settings)))
            except DeliveryError as error:
                refused.append(self._failed(claim, error))
            except Exception as error:  # noqa: BLE001 - one poisoned row must not stop the others
                fault = TemporaryError(f"this message cannot be rendered: {type(error).__name__}")
                refused.append(self._failed(claim, fault))
        self._record(connection, refused)
        frozen = [(r.claim.reminder_id, r.composed.context) for r in composed if r.composed.context != r.claim.context]
        if frozen:
            log.freeze(connection, frozen, token=self._token)
        self._ready.extend(composed)

    def _send(self, connection: db.Connection, pool: ThreadPoolExecutor) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._ready.appendleft(heapq.heappop(self._later)[2])
        while self._ready and len(self._flying) < self._channel.concurrency and self._goes_on():
            if self._channel.interval and not self._slot(connection):
                return
            ready = self._ready.popleft()
            self._flying[pool.submit(self._channel.send, ready.composed.message, REQUEST_TIMEOUT)] = ready

    def _slot(self, connection: db.Connection) -> bool:
        """Wait for our turn in the pace that all runs share; False when it comes after the deadline."""
        left = self._run.seconds_left()
        seconds = pace.reserve(connection, DM_PACE, interval=self._channel.interval, within=left)
        self._out_of_slots = seconds is None
        return seconds is not None and not self._run.stop.wait(seconds)

    def _wait(self) -> Iterable[Future[Receipt]]:
        """Wait until a send lands, or a delayed one may go."""
        if self._wants_more() and len(self._flying) < self._channel.concurrency:
            return wait(self._flying, timeout=0).done
        # In slices, so that a signal is heard while a request hangs.
        left = min(0.5, max(0.0, self._run.seconds_left()))
        if self._later:
            left = min(left, max(0.0, self._later[0][0] - time.monotonic()))
        if not self._flying:
            self._run.stop.wait(left)
            return ()
        return wait(self._flying, timeout=left, return_when=FIRST_COMPLETED).done

    def _landed(self, done: Iterable[Future[Receipt]]) -> list[log.Outcome]:
        outcomes: list[log.Outcome] = []
        for future in done:
            ready = self._flying.pop(future)
            try:
                outcomes.append(self._delivered(ready, future.result()))
            except DeliveryError as error:
                outcomes += self._refused(ready, error)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one send must not stop the others
                fault = UnknownOutcomeError(f"sending failed in an unforeseen way: {type(error).__name__}")
                outcomes += self._refused(ready, fault)
        return outcomes

    def _delivered(self, ready: _Ready, receipt: Receipt) -> log.Outcome:
        self._failures_in_a_row = 0
        delivery = ready.claim.delivery
        self.tally.delivered[delivery.method.value] += 1
        self.tally.statuses[delivery.notification_key] = ("delivered", None)
        if receipt.dm_channel_id and isinstance(ready.composed.message, DiscordMessage):
            message = ready.composed.message
            if message.discord_id and message.channel_id != receipt.dm_channel_id:
                self._opened[message.discord_id] = receipt.dm_channel_id
        return log.Outcome(
            ready.claim.reminder_id,
            "delivered",
            message=ready.composed.text,
            provider_message_id=receipt.provider_message_id,
            context=ready.composed.context,
        )

    def _refused(self, ready: _Ready, error: DeliveryError) -> list[log.Outcome]:
        """What a failed send means for its row, and for the channel."""
        if isinstance(error, AccountError):
            self.tally.fault = error
            self._ready.append(ready)
            return []
        if isinstance(error, TemporaryError) and not error.provider_down and error.retry_after is not None:
            at = time.monotonic() + error.retry_after
            if error.retry_after < self._run.seconds_left():
                heapq.heappush(self._later, (at, ready.claim.reminder_id, ready))
                return []
        if isinstance(error, UnknownOutcomeError) or (isinstance(error, TemporaryError) and error.provider_down):
            self.tally.outage = str(error)
            self._failures_in_a_row += 1
            # Everybody in flight and a few more: going on would only use up everyone's attempts.
            if self._failures_in_a_row > self._channel.concurrency + 4:
                self.tally.fault = error
        return [self._failed(ready.claim, error, ready)]

    def _failed(self, claim: log.Claim, error: DeliveryError, ready: _Ready | None = None) -> log.Outcome:
        final = isinstance(error, RecipientError)
        self.tally.failed += final
        self.tally.retrying += not final
        self.tally.statuses[claim.delivery.notification_key] = ("failed" if final else "retrying", str(error))
        # What the log keeps of an invite is what the member may hold: only this attempt's if it may have arrived.
        arrived = ready is not None and isinstance(error, UnknownOutcomeError)
        return log.Outcome(
            claim.reminder_id,
            "failed" if final else "pending",
            message=ready.composed.text if ready else None,
            error=str(error),
            retry_after=None if final else backoff(claim.attempts, error),
            context=ready.composed.context if ready and arrived else claim.context,
        )

    def _record(self, connection: db.Connection, outcomes: Sequence[log.Outcome]) -> None:
        if not outcomes:
            return
        try:
            self._write(connection, outcomes)
        except DatabaseError as error:
            # Nothing new is begun without a database, but what has been sent must be known to the next run.
            self.tally.fault = self.tally.fault or error
            db.lasting(self._run.connect, lambda again: self._write(again, outcomes), patience=RECORD_PATIENCE)
        self._run.on_progress(len(outcomes))

    def _write(self, connection: db.Connection, outcomes: Sequence[log.Outcome]) -> None:
        log.record(connection, outcomes, token=self._token, now=self._run.now)
        if self._opened:
            dm_channels.remember(connection, self._opened)
            self._opened = {}

    def _finish(self, connection: db.Connection) -> None:
        """Record what is still in flight, for as long as one request may take, and give back what was not tried."""
        grace = STOP_GRACE if self._run.stop.is_set() else REQUEST_TIMEOUT + 1.0
        done = wait(self._flying, timeout=grace).done if self._flying else ()
        self._record(connection, self._landed(done))
        unsent = [ready.claim for ready in (*self._ready, *(entry[2] for entry in self._later))]
        self.tally.left += len(unsent) + len(self._flying)
        if unsent:
            log.release(connection, unsent, token=self._token)
