"""The threads that send over one channel: each takes one message at a time and says what became of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from notify_cli.errors import AccountError, DeliveryError, UnknownOutcomeError
from notify_cli.model import Receipt
from notify_cli.sending.attempt import Attempt
from notify_cli.sending.run import Run

if TYPE_CHECKING:
    from notify_cli.channels import Channel


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of an attempt: a receipt, or an error, or neither if it was not tried."""

    attempt: Attempt
    receipt: Receipt | None = None
    error: DeliveryError | None = None

    @property
    def took_place(self) -> bool:
        """Whether it was tried."""
        return self.receipt is not None or self.error is not None


class Senders:
    """`count` threads. Their owner, one thread too, gives them attempts and collects what became of each.

    `closed` is set, by the owner or by the sender whom the provider tells that it refuses our account, when no more may
    be sent: from then on attempts come back untried. What came back keeps its place until its owner has `settled` it:
    no more than `count` messages are ever with the provider, or answered, and not in the log.
    """

    def __init__(self, run: Run, channel: Channel, count: int) -> None:
        self.count = count
        self.closed = threading.Event()
        self._run = run
        self._channel = channel
        self._places = threading.Semaphore(count)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="send")
        self._given: dict[Future[Landed], Attempt] = {}
        self._done: SimpleQueue[Future[Landed]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not waited for: what hangs past the deadline is left to its lease.
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Whether there are attempts that have not come back."""
        return bool(self._given)

    def have_room(self) -> bool:
        """Whether to give them another: some more than they can begin with, lest they wait for the database."""
        return len(self._given) < batch_size(self.count)

    def give(self, attempt: Attempt) -> None:
        """Send this, as soon as one of them is free."""
        future = self._pool.submit(self._send, attempt)
        self._given[future] = attempt
        future.add_done_callback(self._done.put)

    def collect(self, seconds: float) -> list[Landed]:
        """Wait so long for the first that comes back, and return all that have."""
        done: list[Future[Landed]] = []
        with suppress(Empty):
            done.append(self._done.get(timeout=seconds))
            while True:
                done.append(self._done.get_nowait())
        return self._landed(done)

    def settled(self, landed: Iterable[Landed]) -> None:
        """What became of these is in the log: others may take their places."""
        if count := sum(one.took_place for one in landed):
            self._places.release(count)

    def finish(self, seconds: float) -> list[Landed]:
        """Begin no more, and wait so long for what is being sent; what hangs for longer does not come back."""
        self.closed.set()
        self._places.release(self.count)  # who waits for a place learns that there is no more to send
        untried = self._landed([future for future in self._given if future.cancel()])
        return untried + self._landed(wait(self._given, timeout=seconds).done)

    def _landed(self, done: Iterable[Future[Landed]]) -> list[Landed]:
        found = [(future, self._given.pop(future)) for future in done]
        return [Landed(attempt) if future.cancelled() else future.result() for future, attempt in found]

    def _send(self, attempt: Attempt) -> Landed:
        """In a sender's thread: send, unless the attempt's turn comes too late. Raises nothing."""
        self._places.acquire()
        if self.closed.is_set() or self._run.seconds_left() <= 0 or time.monotonic() >= attempt.last_moment:
            self._places.release()
            return Landed(attempt)
        try:
            receipt = self._channel.send(attempt.composed.message, self._run.timeouts.request)
        except DeliveryError as error:
            if isinstance(error, AccountError):
                self.closed.set()  # here, before another sender takes the next attempt
            return Landed(attempt, error=error)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one send must not stop the others
            fault = UnknownOutcomeError(f"sending failed in an unforeseen way: {type(error).__name__}")
            return Landed(attempt, error=fault)
        return Landed(attempt, receipt)


def batch_size(senders: int) -> int:
    """How many deliveries to claim at once, and to hand to so many senders ahead of time.

    One for a single sender: where each message waits for its turn in a pace, its claim must not wait with it. Four more
    for every further sender, some rounds' worth, so that one statement serves many and senders seldom wait for it.
    """
    return 1 + 4 * (senders - 1)
