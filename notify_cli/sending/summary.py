"""What a run did: its numbers, its faults in words, and the exit code that they amount to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notify_cli.delivery import Tried
from notify_cli.errors import EXIT_OK, EXIT_TEMPORARY, EXIT_UNAVAILABLE, AccountError, DatabaseError, DeliveryError
from notify_cli.registry import Method, Way

if TYPE_CHECKING:
    from notify_cli.sending.outcomes import Outcomes

ALARMING = 5  # attempts of a channel without one success, from which on it is an alarm


@dataclass(slots=True)
class Summary:
    """What a run did. `faults` are lines for stderr, `exit_code` what they mean.

    Every delivery that was due is counted once: delivered, failed for good, to be retried, cancelled (no longer due
    when its turn came), or left: not tried by this run, because its time was up, its channel stopped, its section of
    the messages is faulty, another run has it, or no outcome came before the end. `stopped` are those of the left whose
    channel sends nothing, as half a redirect has it. `by_method` are the delivered ones. `statuses` has (status, error)
    by notification key of what was tried. `unrecorded` is how many of the outcomes could not be written to the log.
    """

    due: int = 0
    delivered: int = 0
    failed: int = 0
    retrying: int = 0
    cancelled: int = 0
    left: int = 0
    stopped: int = 0
    by_method: dict[str, int] = field(default_factory=lambda: {method.value: 0 for method in Method})
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    exit_code: int = EXIT_OK
    unrecorded: int = 0
    database_lost: bool = False
    providers_down: set[str] = field(default_factory=set)
    statuses: dict[str, tuple[Tried, str | None]] = field(default_factory=dict)

    def blame(self, exit_code: int, *lines: str) -> None:
        """Add faults; the first kind of fault decides the exit code."""
        self.faults += [line for line in lines if line not in self.faults]
        if lines:
            self.exit_code = self.exit_code or exit_code

    def blame_database(self, reason: str) -> None:
        """Add that the database was lost, and what it cost: once, although every channel loses it in its own words."""
        if not self.database_lost:
            count = f"{self.unrecorded} outcome" + ("s" if self.unrecorded > 1 else "")
            cost = f"{count} could not be written to the log, so these deliveries may go out again: "
            self.blame(EXIT_TEMPORARY, f"{cost if self.unrecorded else ''}{reason}")
        self.database_lost = True

    def add(self, outcomes: Outcomes, methods: Iterable[Method]) -> None:
        """Add what became of the deliveries of one channel, by these methods, and what that says of its provider."""
        for method, count in outcomes.delivered.items():
            self.by_method[method] += count
            self.delivered += count
        self.failed += outcomes.failed
        self.retrying += outcomes.retrying
        self.cancelled += outcomes.cancelled
        self.left += outcomes.left
        self.statuses |= outcomes.statuses
        self._judge(outcomes, [method.way for method in methods])

    def _judge(self, outcomes: Outcomes, ways: Sequence[Way]) -> None:
        fault = outcomes.fault
        down = outcomes.outage is not None and not outcomes.delivered and not isinstance(fault, AccountError)
        if isinstance(fault, DatabaseError):
            self.blame_database(str(fault))
        elif fault is not None and not (down and isinstance(fault, DeliveryError)):
            self.blame(fault.exit_code, *fault.lines)
        # One outage of a provider is told once, however many of its channels met it.
        if down and ways[0].channel not in self.providers_down:
            self.providers_down.add(ways[0].channel)
            what = " and no ".join(way.label for way in ways)
            self.blame(EXIT_UNAVAILABLE, f"no {what} could be delivered: {outcomes.outage}")
        for name, errors in outcomes.unrendered.items():
            if name not in outcomes.rendered and len(errors) > 1:  # for nobody: no row of one person's is to blame
                told = f"{name} cannot be made for any of {len(errors)} recipients: {errors[-1]}"
                self.blame(EXIT_TEMPORARY, f"{told}; notify preview {name} --user ID -v shows where")
        in_vain = outcomes.failed + outcomes.retrying
        if not down and fault is None and not outcomes.delivered and in_vain >= ALARMING:
            # One bad recipient is no failure of the run; so many of them and nobody else is not about recipients.
            self.blame(EXIT_UNAVAILABLE, f"none of {in_vain} attempts came through, the last: {outcomes.last_error}")
