"""One message on its way: its claim, what goes out for it, and until when it may."""

from __future__ import annotations

from dataclasses import dataclass

from notify_cli import log
from notify_cli.sending.compose import Composed


@dataclass(slots=True, eq=False)
class Attempt:
    """A claim and the message that goes out for it.

    Its send begins before `send_by`, when the claim is too old, and before `useful_by`, both time.monotonic().
    `put_off` counts how often the provider has asked to come back later.
    """

    claim: log.Claim
    composed: Composed
    send_by: float
    useful_by: float
    put_off: int = 0

    @property
    def last_moment(self) -> float:
        """When it is too late to begin sending it, a time.monotonic()."""
        return min(self.send_by, self.useful_by)
