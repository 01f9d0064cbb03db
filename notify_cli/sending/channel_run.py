"""One lane of a sweep: claim, render, send, record, over one channel and one connection of its own."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from uuid import uuid4

from notify_cli import db, due, log
from notify_cli.errors import (
    AccountError,
    DatabaseError,
    DeliveryError,
    NotifyError,
    RecipientError,
    TemporaryError,
    UnknownOutcomeError,
)
from notify_cli.model import Delivery, DiscordMessage, Message, Receipt
from notify_cli.platform import batch
from notify_cli.sending import compose, dm_channels, pace
from notify_cli.sending.outcomes import Attempt, Tally

if TYPE_CHECKING:
    from notify_cli.channels import Channel
    from notify_cli.config import Settings
    from notify_cli.course import Courses
    from notify_cli.messages import Catalog

REQUEST_TIMEOUT = 10.0  # seconds, for one send in all
STOP_GRACE = 5.0  # seconds that requests in flight get when the run is told to stop
HOLD = 60.0  # seconds from the claim to the last moment to begin a send; a longer run claims again
LEASE_MARGIN = timedelta(seconds=30)  # from there to the end of the lease: one request, and the time to record it
RECORD_PATIENCE = 20.0  # seconds to get a lost database back for outcomes that are known
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

    def grace(self, most: float) -> float:
        """How long to wait for what is begun: to the end of the last request, less when the run is told to stop."""
        if self.stop.is_set():
            return STOP_GRACE
        return min(most, max(1.0, self.deadline + REQUEST_TIMEOUT - time.monotonic()))


@dataclass(slots=True)
class _Ready:
    """A message to send before `send_by`, when the claim is too old, and `useful_by`, both time.monotonic()."""

    attempt: Attempt
    send_by: float
    useful_by: float
    put_off: int = 0


class Lane:
    """Delivers over one channel. `run` is called once, in a thread of its own."""

    def __init__(self, run: Run, channel: Channel, deliveries: Sequence[Delivery]) -> None:
        self.tally = Tally(len(deliveries))
        self._run = run
        self._channel = channel
        self._waiting = deque(deliveries)
        self._held: dict[int, log.Claim] = {}  # claimed, not on its way: what to give back if it stays so
        self._ready: deque[_Ready] = deque()
        self._later: list[tuple[float, int, _Ready]] = []  # a heap: what the provider asked to come back with soon
        self._flying: dict[Future[Receipt | None], _Ready] = {}  # given to the workers
        self._done: SimpleQueue[Future[Receipt | None]] = SimpleQueue()
        self._unrecorded: list[log.Outcome] = []
        # One at a time where a pace makes each wait, several rounds' worth where the workers are many.
        self._batch = 4 * channel.concurrency - 3
        self._token = uuid4()
        self._refusals: list[db.RefusedError] = []  # what single rows met: the run goes on, but is not healthy
        self._failures_in_a_row = 0
        self._full = False  # no more slots in the pace, or no more room in the rate limit, before the run ends
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
            self._stop_for(error)
        except Exception as error:  # noqa: BLE001 - a bug must not pass for a healthy run, nor show what it worked on
            self._stop_for(NotifyError(f"a run ended early by an unexpected {type(error).__name__}"))
        finally:
            for refusal in self._refusals:
                self._stop_for(refusal)
            # Not waited for: what hangs past the deadline is left to its lease.
            pool.shutdown(wait=False, cancel_futures=True)

    def _goes_on(self) -> bool:
        return self.tally.fault is None and not self._full and self._run.seconds_left() > 0

    def _stop_for(self, error: NotifyError) -> None:
        self.tally.fault = self.tally.fault or error

    def _wants_more(self) -> bool:
        """Whether to claim: so that the workers seldom wait for the database, but never what a provider puts off."""
        workers = self._channel.concurrency
        return bool(self._waiting) and len(self._ready) <= workers // 2 and len(self._later) < 16 * workers

    def _claim(self, connection: db.Connection) -> None:
        if not self._wants_more():
            return
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch))]
        hold = max(0.0, min(self._run.seconds_left(), HOLD))
        send_by = time.monotonic() + hold
        current = due.still_due(connection, batch, self._run.now, self._run.policy)
        lease = timedelta(seconds=hold) + LEASE_MARGIN

        def take(some: Sequence[Delivery]) -> list[log.Claim]:
            return log.claim(connection, some, token=self._token, lease=lease, now=self._run.now)

        claims = db.one_by_one_on_refusal(take, current, self._refusals)
        self._held |= {claim.reminder_id: claim for claim in claims}
        self.tally.cancelled += len(batch) - len(current)
        if claims:
            self._render(connection, claims, send_by)

    def _render(self, connection: db.Connection, claims: Sequence[log.Claim], send_by: float) -> None:
        deliveries = [claim.delivery for claim in claims]
        began = time.monotonic()
        tables = batch.load(connection, deliveries, self._run.settings, self._run.courses, now=self._run.now)
        ready: list[_Ready] = []
        refused: list[log.Outcome] = []
        for claim in claims:
            useful_by = began + (claim.delivery.useful_until - tables.now).total_seconds()
            try:
                composed = compose.message(claim, tables, self._run.catalog, self._run.settings)
                ready.append(_Ready(Attempt(claim, composed), send_by, useful_by))
            except DeliveryError as error:
                refused.append(self.tally.not_rendered(claim, error))
            except Exception as error:  # noqa: BLE001 - one poisoned row must not stop the others
                fault = TemporaryError(f"this message cannot be rendered: {type(error).__name__}")
                refused.append(self.tally.not_rendered(claim, fault))
        self._record(connection, refused)
        contexts = [(r.attempt.claim, r.attempt.composed.context) for r in ready]
        changed = {claim.reminder_id: context for claim, context in contexts if context != claim.context}
        frozen = log.freeze(connection, list(changed.items()), token=self._token) if changed else frozenset()
        lost = changed.keys() - frozen
        self._ready.extend(r for r in ready if r.attempt.claim.reminder_id not in lost)

    def _send(self, connection: db.Connection, pool: ThreadPoolExecutor) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._ready.appendleft(heapq.heappop(self._later)[2])
        while self._has_room() and self._goes_on():
            ready = self._next(connection)
            if ready is None:
                return
            if self._channel.interval:
                if refused := self._prepare(ready):
                    self._record(connection, refused)
                    continue
                if ready not in self._ready or not self._slot(connection, ready):
                    return
            # Waiting for the slot may have taken longer than the message is good for.
            if ready is not self._next(connection):
                continue
            self._ready.popleft()
            del self._held[ready.attempt.claim.reminder_id]
            future = pool.submit(self._try, ready)
            self._flying[future] = ready
            future.add_done_callback(self._done.put)

    def _prepare(self, ready: _Ready) -> list[log.Outcome]:
        """Do what must not take up time of the message's turn; returns the outcome if that was refused already."""
        attempt = ready.attempt
        try:
            message = self._channel.prepare(attempt.composed.message, REQUEST_TIMEOUT)
        except DeliveryError as error:
            self._ready.remove(ready)
            del self._held[attempt.claim.reminder_id]
            return self._refused(ready, error)
        self._note_dm_channel(attempt.composed.message, getattr(message, "channel_id", None))
        ready.attempt = Attempt(attempt.claim, replace(attempt.composed, message=message))
        return []

    def _has_room(self) -> bool:
        """Whether the workers may be given another: some more than they can begin, lest they wait for the database."""
        return len(self._flying) < self._batch

    def _try(self, ready: _Ready) -> Receipt | None:
        """Send, in a worker's thread; None, and not tried, when the turn comes too late or the lane has stopped."""
        if not self._goes_on() or time.monotonic() >= min(ready.send_by, ready.useful_by):
            return None
        try:
            return self._channel.send(ready.attempt.composed.message, REQUEST_TIMEOUT)
        except AccountError:
            self._full = True  # here, before a worker takes the next one from the store
            raise

    def _next(self, connection: db.Connection) -> _Ready | None:
        """The first that may still be sent; what waited too long is given back, to be claimed again if still useful."""
        now = time.monotonic()
        while self._ready and now >= min(self._ready[0].send_by, self._ready[0].useful_by):
            late = self._ready.popleft()
            claim = late.attempt.claim
            log.release(connection, [claim], token=self._token)
            del self._held[claim.reminder_id]
            if now >= late.useful_by:
                self.tally.cancelled += 1
            else:
                self._waiting.appendleft(claim.delivery)
        return self._ready[0] if self._ready else None

    def _slot(self, connection: db.Connection, ready: _Ready) -> bool:
        """Wait for our turn in the pace that all runs share; False when it comes too late for this run."""
        within = max(0.0, ready.send_by - time.monotonic())
        seconds = pace.reserve(connection, DM_PACE, interval=self._channel.interval, within=within)
        if seconds is None:
            self._full = True
        return seconds is not None and not self._run.stop.wait(seconds)

    def _wait(self) -> Iterable[Future[Receipt | None]]:
        """Wait until a send lands, or a delayed one may go."""
        # In slices, so that a signal is heard while a request hangs.
        left = min(0.5, max(0.0, self._run.seconds_left()))
        if self._later:
            left = min(left, max(0.0, self._later[0][0] - time.monotonic()))
        if self._wants_more() and self._has_room():
            left = 0.0
        if not self._flying:
            self._run.stop.wait(left)
            return ()
        done: list[Future[Receipt | None]] = []
        with suppress(Empty):
            done.append(self._done.get(timeout=left))
            while True:
                done.append(self._done.get_nowait())
        return done

    def _landed(self, done: Iterable[Future[Receipt | None]]) -> list[log.Outcome]:
        outcomes: list[log.Outcome] = []
        for future in done:
            ready = self._flying.pop(future)
            try:
                receipt = None if future.cancelled() else future.result()
            except DeliveryError as error:
                outcomes += self._refused(ready, error)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one send must not stop the others
                fault = UnknownOutcomeError(f"sending failed in an unforeseen way: {type(error).__name__}")
                outcomes += self._refused(ready, fault)
            else:
                if receipt is None:
                    self._held[ready.attempt.claim.reminder_id] = ready.attempt.claim
                    self._ready.appendleft(ready)
                    continue
                self._failures_in_a_row = 0
                self._note_dm_channel(ready.attempt.composed.message, receipt.dm_channel_id)
                outcomes.append(self.tally.delivered_by(ready.attempt, receipt))
        return outcomes

    def _note_dm_channel(self, message: Message, opened: str | None) -> None:
        if isinstance(message, DiscordMessage) and message.discord_id and opened not in (None, message.channel_id):
            self._opened[message.discord_id] = str(opened)

    def _refused(self, ready: _Ready, error: DeliveryError) -> list[log.Outcome]:
        """What a failed send means for its row, and for the channel."""
        claim = ready.attempt.claim
        if isinstance(error, AccountError):
            self.tally.fault = error  # before any other: it needs somebody's hand
            self._held[claim.reminder_id] = claim
            return []
        if isinstance(error, RecipientError):
            self._failures_in_a_row = 0
            return [self.tally.refused_at(ready.attempt, error)]
        limited = isinstance(error, TemporaryError) and not error.provider_down
        if isinstance(error, TemporaryError) and limited and self._puts_off(ready, error.retry_after):
            return []
        # A provider that puts us off for longer than a run, and again the next time, is as good as down.
        if not limited or claim.attempts > 1:
            self.tally.outage = self.tally.outage or str(error)
        self._failures_in_a_row += 1
        # Everybody in flight and a few more: going on would only use up everyone's attempts.
        if self._failures_in_a_row > self._channel.concurrency + 4:
            self._full = True
            if not limited:
                self._stop_for(error)
        return [self.tally.refused_at(ready.attempt, error)]

    def _puts_off(self, ready: _Ready, seconds: float | None) -> bool:
        """Keep for later in this run what the provider wants to see again soon enough; False if it does not fit."""
        if seconds is None or not self._goes_on():
            return False
        ready.put_off += 1
        # A provider that says "at once" again and again must not be asked in a tight loop.
        at = time.monotonic() + max(seconds, 0.25 * 2 ** min(ready.put_off, 8))
        if at >= min(ready.send_by, ready.useful_by):
            return False
        claim = ready.attempt.claim
        self._held[claim.reminder_id] = claim
        heapq.heappush(self._later, (at, claim.reminder_id, ready))
        return True

    def _record(self, connection: db.Connection, outcomes: Sequence[log.Outcome]) -> None:
        self._unrecorded += outcomes
        for outcome in outcomes:
            self._held.pop(outcome.reminder_id, None)
        if self._unrecorded:
            self._surely(connection, self._write)
            self._unrecorded = []
        self._run.on_progress(len(outcomes))

    def _write(self, connection: db.Connection) -> None:
        def record(outcomes: Sequence[log.Outcome]) -> list[int]:
            return [log.record(connection, outcomes, token=self._token, now=self._run.now)]

        def record_bare(outcomes: Sequence[log.Outcome]) -> list[int]:
            # That it was sent must be known, even if what was sent cannot be stored.
            return record([replace(outcome, message=None) for outcome in outcomes])

        refusals: list[db.RefusedError] = []
        db.one_by_one_on_refusal(record, self._unrecorded, refusals)
        if refusals:
            self._refusals += refusals
            db.one_by_one_on_refusal(record_bare, self._unrecorded, refusals)
        if self._opened:
            dm_channels.remember(connection, self._opened)
            self._opened = {}

    def _surely(self, connection: db.Connection, write: Callable[[db.Connection], None]) -> None:
        """Write what the next run must know, over a new connection if this one is lost; nothing new is begun then."""
        try:
            write(connection)
        except DatabaseError as error:
            self._stop_for(error)
            db.retry_write(self._run.connect, write, patience=self._run.grace(RECORD_PATIENCE))

    def _finish(self, connection: db.Connection) -> None:
        """Record what is still in flight, for as long as one request may take, and give back what was not tried."""
        for future in self._flying:
            future.cancel()  # those in store; what is being sent goes on
        done = wait(self._flying, timeout=self._run.grace(REQUEST_TIMEOUT + 1.0)).done if self._flying else ()
        self._record(connection, self._landed(done))
        if self._held:
            claims = list(self._held.values())
            self._surely(connection, lambda usable: log.release(usable, claims, token=self._token))
