"""The deliveries of one channel's run until each is sent: what waits, is claimed, ready, put off, or given back."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from notify_cli import db, due, log
from notify_cli.calendar.invites import Version
from notify_cli.calendars import table
from notify_cli.delivery import Delivery
from notify_cli.errors import NotifyError
from notify_cli.sending.attempt import Attempt
from notify_cli.sending.database import Database
from notify_cli.sending.run import Run


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims made together. Their sends begin before `send_by`, a time.monotonic(); `cancelled` were no longer due."""

    claims: list[log.Claim]
    send_by: float
    cancelled: int


class Claims:
    """Where each delivery stands until it has an outcome.

    It waits; is claimed; is ready, once its message is rendered; is with a sender, and known here no more. It may come
    back from there, to be sent at once or later. Too late to be sent on this claim, it is given back and waits again.
    What single rows met when the database refused a batch is added to `refusals`.
    """

    def __init__(self, run: Run, deliveries: Sequence[Delivery], refusals: list[NotifyError]) -> None:
        self._run = run
        self._refusals = refusals
        self._waiting = deque(deliveries)
        # Claimed, and neither with a sender nor settled: what to give back if it stays so.
        self._held: dict[int, log.Claim] = {}
        self._ready: deque[Attempt] = deque()
        # What was put down of calendars for them: to be taken back with the claim.
        self._versions: dict[int, Version] = {}
        # A heap by the time.monotonic() at which the provider asked to see it again.
        self._later: list[tuple[float, int, Attempt]] = []

    def __bool__(self) -> bool:
        """Whether anything may still be sent."""
        return bool(self._waiting or self._ready or self._later)

    def want_more(self, senders: int) -> bool:
        """Whether to claim: early enough that senders seldom wait for it, but not while a provider puts off so many."""
        return bool(self._waiting) and len(self._ready) <= senders // 2 and len(self._later) < 16 * senders

    def claim(self, database: Database, most: int) -> Batch:
        """Claim at most so many of those that wait, if they are still due. Raises DatabaseError."""
        asked = [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]
        hold = max(0.0, min(self._run.seconds_left(), self._run.timeouts.hold))
        send_by = time.monotonic() + hold
        current = database.ask(lambda connection: due.still_due(connection, asked, self._run.now, self._run.policy))
        lease = timedelta(seconds=hold) + self._run.timeouts.lease_margin

        def take(some: Sequence[Delivery]) -> list[log.Claim]:
            return log.claim(database.connection, some, token=self._run.token, lease=lease, now=self._run.now)

        claims = db.one_by_one_on_refusal(take, current, self._refusals)
        self._held |= {claim.reminder_id: claim for claim in claims}
        return Batch(claims, send_by, cancelled=len(asked) - len(current))

    def make_ready(self, attempts: Iterable[Attempt]) -> None:
        """Their messages are rendered: they may be sent, after those that are ready already."""
        for attempt in attempts:
            self._ready.append(attempt)
            if attempt.composed.version is not None:
                self._versions[attempt.claim.reminder_id] = attempt.composed.version

    def first(self) -> Attempt | None:
        """The one to be sent next; none if nothing is ready."""
        return self._ready[0] if self._ready else None

    def hand_over(self, attempt: Attempt) -> None:
        """It goes to a sender, who will tell what became of it."""
        self._ready.remove(attempt)
        del self._held[attempt.claim.reminder_id]

    def take_back(self, attempt: Attempt) -> None:
        """Its sender did not try it: it is the next."""
        self.hold(attempt)
        self._ready.appendleft(attempt)

    def put_off(self, attempt: Attempt, until: float) -> None:
        """It is ready again at this time.monotonic()."""
        self.hold(attempt)
        heapq.heappush(self._later, (until, attempt.claim.reminder_id, attempt))

    def hold(self, attempt: Attempt) -> None:
        """It was not sent, and will not be by this run unless it is made ready again."""
        self._held[attempt.claim.reminder_id] = attempt.claim

    def settle(self, outcomes: Iterable[log.Outcome]) -> None:
        """These have an outcome: there is nothing left to give back."""
        for outcome in outcomes:
            self._held.pop(outcome.reminder_id, None)
            self._versions.pop(outcome.reminder_id, None)

    def wake(self) -> None:
        """Make ready what was put off until now, before all others."""
        while self._later and self._later[0][0] <= time.monotonic():
            self._ready.appendleft(heapq.heappop(self._later)[2])

    def seconds_until_wake(self) -> float:
        """Until the next of those that are put off is ready; infinity if there is none."""
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else float("inf")

    def release_late(self, database: Database) -> int:
        """Give back what is first and has been ready for too long; as long as it is useful it waits to be claimed anew.

        Returns how many are not useful any more. Raises DatabaseError.
        """
        now = time.monotonic()
        late: list[Attempt] = []
        while self._ready and now >= self._ready[0].last_moment:
            late.append(self._ready.popleft())
        if not late:
            return 0
        claims = [attempt.claim for attempt in late]
        database.ask(lambda connection: self._release(connection, claims))
        for attempt in late:
            del self._held[attempt.claim.reminder_id]
        useful = [attempt.claim.delivery for attempt in late if now < attempt.useful_by]
        self._waiting.extendleft(reversed(useful))
        return len(late) - len(useful)

    def release_all(self, database: Database, refusal: str = "") -> None:
        """Give back, at the end of the run, what it claimed and did not send. Raises DatabaseError.

        `refusal` is how the provider refused our account, if that is why.
        """
        claims = list(self._held.values())
        if claims:
            database.surely(lambda connection: self._release(connection, claims, refusal))

    def _release(self, connection: db.Connection, claims: Sequence[log.Claim], refusal: str = "") -> None:
        """Give back these claims, and what calendars were said to hold of them."""
        versions = [self._versions[claim.reminder_id] for claim in claims if claim.reminder_id in self._versions]
        with table.writing(connection, [version.taken_back() for version in versions]):
            log.release(connection, claims, token=self._run.token, refusal=refusal)
