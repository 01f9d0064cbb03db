"""One channel's part of a run: claim, render, send, record, again and again, over a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from notify_cli import log
from notify_cli.delivery import Delivery
from notify_cli.errors import AccountError, DeliveryError, NotifyError, RecipientError, TemporaryError
from notify_cli.sending import pace, rendering
from notify_cli.sending.attempt import Attempt
from notify_cli.sending.claims import Claims
from notify_cli.sending.database import Database
from notify_cli.sending.outcomes import Outcomes
from notify_cli.sending.recorder import Recorder
from notify_cli.sending.run import Run
from notify_cli.sending.senders import Landed, Senders, batch_size

if TYPE_CHECKING:
    from notify_cli.channels import Channel

LONGEST_WAIT = 0.5  # seconds at a time, so that a signal is heard while a request hangs


class ChannelRun:
    """Delivers over one channel, by so many senders.

    `deliver` is called once, in a thread of its own; `outcomes` and `unrecorded` tell what came of it.
    """

    def __init__(self, run: Run, channel: Channel, deliveries: Sequence[Delivery], senders: int) -> None:
        self.outcomes = Outcomes(len(deliveries), lapse=run.lapse)
        self._run = run
        self._channel = channel
        # What single rows met: the run goes on, but is not healthy.
        self._refusals: list[NotifyError] = []
        self._claims = Claims(run, deliveries, self._refusals)
        self._senders = Senders(run, channel, senders)
        self._database = Database(run)
        self._recorder = Recorder(run, self._database, channel.learned, self._refusals)
        self._failures_in_a_row = 0

    def deliver(self) -> None:
        """Deliver until nothing is left, the time is up or the channel turns out unusable. Raises nothing."""
        try:
            with self._senders, self._database:
                try:
                    while self._goes_on() and (self._claims or self._senders.busy):
                        self._claim()
                        self._send()
                        landed = self._wait()
                        self._record(self._outcomes_of(landed))
                        self._senders.settled(landed)
                finally:
                    self._finish()
        except NotifyError as error:
            self._stop_for(error)
        except Exception as error:  # noqa: BLE001 - a bug must not pass for a healthy run, nor show what it worked on
            self._stop_for(NotifyError(f"a run ended early by an unexpected {type(error).__name__}"))
        finally:
            for refusal in self._refusals:
                self._stop_for(refusal)

    @property
    def unrecorded(self) -> int:
        """How many outcomes are not in the log; may be asked from another thread."""
        return len(self._recorder.pending)

    def _goes_on(self) -> bool:
        return not self._senders.closed.is_set() and self._run.seconds_left() > 0

    def _stop_for(self, error: NotifyError) -> None:
        self.outcomes.fault = self.outcomes.fault or error
        self._senders.closed.set()

    def _claim(self) -> None:
        """Claim and render the next batch, if the senders will soon want it."""
        if not self._claims.want_more(self._senders.count):
            return
        batch = self._claims.claim(self._database, batch_size(self._senders.count))
        self.outcomes.cancelled += batch.cancelled
        if batch.claims:
            attempts, refused = rendering.render(self._database.connection, batch, self._run)
            self.outcomes.rendered |= {attempt.claim.delivery.reminder_type for attempt in attempts}
            self._record([self.outcomes.not_rendered(claim, error) for claim, error in refused])
            self._claims.make_ready(rendering.put_down(self._database.connection, attempts, self._run))

    def _send(self) -> None:
        """Give the senders what is ready: as much as they have room for, each in its turn where there is a pace."""
        self._claims.wake()
        while self._senders.have_room() and self._goes_on():
            attempt = self._next()
            if attempt is None:
                return
            if self._channel.interval and not self._await_turn(attempt):
                continue
            # Waiting for the turn may have taken longer than the message is good for.
            if attempt is self._next():
                self._claims.hand_over(attempt)
                self._senders.give(attempt)

    def _next(self) -> Attempt | None:
        self.outcomes.cancelled += self._claims.release_late(self._database)
        return self._claims.first()

    def _await_turn(self, attempt: Attempt) -> bool:
        """Wait for the attempt's turn in the pace that all runs share; False if it has none now."""
        try:
            # What must not take up time of the message's turn.
            message = self._channel.prepare(attempt.composed.message, self._run.timeouts.request)
        except DeliveryError as error:
            self._claims.hand_over(attempt)
            self._record(self._refused(attempt, error))
            return False
        attempt.composed = replace(attempt.composed, message=message)
        name = attempt.claim.delivery.method.way.pace
        if name is None:
            return True
        interval, within = self._channel.interval, max(0.0, attempt.send_by - time.monotonic())
        seconds = self._database.ask(
            lambda connection: pace.reserve(connection, name, interval=interval, within=within)
        )
        if seconds is None:
            self._senders.closed.set()  # no more turns before the run ends
        return seconds is not None and not self._run.stop.wait(seconds)

    def _wait(self) -> list[Landed]:
        """Wait until a sender is done, or something that was put off may go."""
        seconds = max(0.0, min(LONGEST_WAIT, self._run.seconds_left(), self._claims.seconds_until_wake()))
        if self._claims.want_more(self._senders.count) and self._senders.have_room():
            seconds = 0.0
        if self._senders.busy:
            return self._senders.collect(seconds)
        self._run.stop.wait(seconds)
        return []

    def _outcomes_of(self, landed: Iterable[Landed]) -> list[log.Outcome]:
        outcomes: list[log.Outcome] = []
        for one in landed:
            if one.receipt is not None:
                self._failures_in_a_row = 0
                outcomes.append(self.outcomes.delivered_by(one.attempt, one.receipt))
            elif one.error is not None:
                outcomes += self._refused(one.attempt, one.error)
            else:
                self._claims.take_back(one.attempt)
        return outcomes

    def _refused(self, attempt: Attempt, error: DeliveryError) -> list[log.Outcome]:
        """What a failed send means for its row, and for the channel."""
        if isinstance(error, AccountError):
            self._claims.hold(attempt)
            self.outcomes.fault = error  # instead of an earlier fault: an operator must act
            self._senders.closed.set()
            return []
        if isinstance(error, RecipientError):
            self._failures_in_a_row = 0
            return [self.outcomes.refused_at(attempt, error)]
        limited = isinstance(error, TemporaryError) and not error.provider_down
        if isinstance(error, TemporaryError) and limited and self._puts_off(attempt, error.retry_after):
            return []
        # A provider that puts us off for longer than a run, and again the next time, is as good as down.
        if not limited or attempt.claim.attempts > 1:
            self.outcomes.outage = self.outcomes.outage or str(error)
        self._failures_in_a_row += 1
        # Everybody in flight and a few more: going on would only use up everyone's attempts.
        if self._failures_in_a_row > self._senders.count + 4:
            self._senders.closed.set()
            if not limited:
                self._stop_for(error)
        return [self.outcomes.refused_at(attempt, error)]

    def _puts_off(self, attempt: Attempt, seconds: float | None) -> bool:
        """Keep for later in this run what the provider wants to see again soon enough; False if it does not fit."""
        if seconds is None or not self._goes_on():
            return False
        attempt.put_off += 1
        # A provider that says "at once" again and again must not be asked in a tight loop.
        until = time.monotonic() + max(seconds, 0.25 * 2 ** min(attempt.put_off, 8))
        if until >= attempt.last_moment:
            return False
        self._claims.put_off(attempt, until)
        return True

    def _record(self, outcomes: Sequence[log.Outcome]) -> None:
        self._claims.settle(outcomes)
        self._recorder.record(outcomes)
        # The database is back, but what was claimed before may be lost to it; or it refuses what would be sent next.
        if self._database.interrupted or self._recorder.parked:
            self._senders.closed.set()
        if outcomes:
            self._run.on_progress(len(outcomes))

    def _finish(self) -> None:
        """Record what is still being sent, for as long as one request may take, and give back what was not tried."""
        landed = self._senders.finish(self._run.grace(self._run.timeouts.request + 1.0))
        self._record(self._outcomes_of(landed))
        refused = isinstance(self.outcomes.fault, AccountError)
        self._claims.release_all(self._database, str(self.outcomes.fault) if refused else "")
        if self._database.interrupted and self._claims:
            self._stop_for(self._database.interrupted)
