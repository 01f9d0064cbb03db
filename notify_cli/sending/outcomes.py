"""What becomes of a channel's deliveries: how they are counted, and what the log keeps of each attempt."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from notify_cli import log
from notify_cli.calendar.held import Held
from notify_cli.calendar.invites import Version
from notify_cli.delivery import Tried
from notify_cli.errors import DeliveryError, NotifyError, RecipientError, TemporaryError, UnknownOutcomeError
from notify_cli.model import Receipt
from notify_cli.sending.attempt import Attempt
from notify_cli.sending.lapse import Lapse
from notify_cli.sending.rendering import UnexpectedError


@dataclass(slots=True)
class Outcomes:
    """What a channel's run did with the `due` deliveries it was given.

    `cancelled` are those that were not due any more when their turn came. `outage` is the first answer of a provider
    that is down, `fault` why the run stopped early, if it did. `statuses` has (status, error) by notification key.
    `rendered` are the types of which a message could be made, `unrendered` what nobody foresaw, by type.
    `last_error` is why the last attempt that did not come through failed. `lapse` is the time since the last sweep.
    """

    due: int
    delivered: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    retrying: int = 0
    cancelled: int = 0
    outage: str | None = None
    last_error: str = ""
    fault: NotifyError | None = None
    statuses: dict[str, tuple[Tried, str | None]] = field(default_factory=dict)
    lapse: Lapse | None = None
    rendered: set[str] = field(default_factory=set)
    unrendered: dict[str, list[str]] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """All others: not tried, or no outcome yet when the run ended, or in the hands of another run."""
        return self.due - self.delivered.total() - self.failed - self.retrying - self.cancelled

    def delivered_by(self, attempt: Attempt, receipt: Receipt) -> log.Outcome:
        """Count a delivery that its provider took."""
        delivery, version = attempt.claim.delivery, attempt.composed.version
        self.delivered[delivery.method.value] += 1
        self.statuses[delivery.notification_key] = ("delivered", None)
        context = attempt.claim.context
        if receipt.carrier:
            context = (context or {}) | {"carrier": receipt.carrier}
        if self.lapse and self.lapse.made_late(delivery.due_at):
            context = (context or {}) | (self.lapse.context or {})
        return log.Outcome(
            attempt.claim.reminder_id,
            "delivered",
            message=attempt.composed.text,
            provider_message_id=receipt.provider_message_id,
            context=context,
            calendar=version.delivered() if version else None,
        )

    def refused_at(self, attempt: Attempt, error: DeliveryError) -> log.Outcome:
        """Count an attempt that did not succeed: failed for good, or to be tried again."""
        return self._failed(attempt.claim, error, attempt.composed.text, _calendar(attempt.composed.version, error))

    def not_rendered(self, claim: log.Claim, error: DeliveryError) -> log.Outcome:
        """Count a delivery whose message could not be made."""
        if isinstance(error, UnexpectedError):
            self.unrendered.setdefault(claim.delivery.reminder_type, []).append(str(error))
        return self._failed(claim, error, None, None)

    def _failed(
        self, claim: log.Claim, error: DeliveryError, message: str | None, calendar: Held | None
    ) -> log.Outcome:
        final = isinstance(error, RecipientError)
        context = claim.context
        if isinstance(error, UnknownOutcomeError):
            # Until the provider's records tell, see `log.reports`.
            context = (context or {}) | {"in_doubt": True}
        if final and claim.delivery.address is not None:
            # At another address the message is due again.
            context = (context or {}) | {"refused_at": claim.delivery.address}
        self.last_error = str(error)
        self.failed += final
        self.retrying += not final
        self.statuses[claim.delivery.notification_key] = ("failed" if final else "retrying", str(error))
        return log.Outcome(
            claim.reminder_id,
            "failed" if final else "pending",
            message=message,
            error=str(error),
            retry_after=None if final else backoff(claim.attempts, error),
            context=context,
            calendar=calendar,
        )


def _calendar(version: Version | None, error: DeliveryError) -> Held | None:
    """What a calendar may hold after an attempt that failed: its version only if it may have arrived."""
    if version is None:
        return None
    if isinstance(error, UnknownOutcomeError):
        return version.unknown()
    return version.refused() if isinstance(error, RecipientError) else version.taken_back()


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
