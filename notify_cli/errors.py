"""The one family of errors: each carries its decision, `cli/` turns it into words and an exit code."""

from __future__ import annotations

from typing import Self

# Exit codes follow sysexits.h where it has a word for the case.
EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
EXIT_TEMPORARY = 75
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130  # as shells have it: 128 and SIGINT


class Line(str):
    """A fault in one line, which still knows what is wrong (`what`) and what to do about it (`mend`, may be empty)."""

    __slots__ = ("mend", "what")
    what: str
    mend: str

    def __new__(cls, text: str, *, what: str | None = None, mend: str = "") -> Self:
        """A line whose text says more, or less, than its parts; `what` is the whole text unless it is given."""
        line = super().__new__(cls, text)
        line.what, line.mend = text if what is None else what, mend
        return line

    @classmethod
    def of(cls, what: str, mend: str, between: str = ": ") -> Self:
        """The line that is made of its two parts."""
        return cls(f"{what}{between}{mend}", what=what, mend=mend)


class NotifyError(Exception):
    """A fault we expect: printed as one line each, without a traceback."""

    exit_code = EXIT_TEMPORARY

    def __str__(self) -> str:
        return "; ".join(map(str, self.args))

    @property
    def lines(self) -> list[str]:
        """What to print on stderr, one line per fault."""
        return [fault if isinstance(fault, str) else str(fault) for fault in self.args]


class UsageError(NotifyError):
    """The caller asked for something that cannot be done as asked; all faults found, together."""

    exit_code = EXIT_USAGE


class ArgumentError(UsageError, ValueError):
    """A value handed to the Python API is not one it can take, whatever the tables say."""


class ConfigError(NotifyError):
    """Settings, messages.yaml or the course file are wrong; all faults found, together."""

    exit_code = EXIT_CONFIG

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults

    @property
    def lines(self) -> list[str]:
        return list(self.faults)


class DatabaseError(NotifyError):
    """The database cannot be reached or refused a statement: the run stops, nothing is guessed."""

    exit_code = EXIT_TEMPORARY


class DeliveryError(NotifyError):
    """One delivery did not succeed. The subclass says what happens to it and to the others.

    The text is the provider's own words without secrets or addresses; it goes to `delivery_error`.
    """


class RecipientError(DeliveryError):
    """This recipient or this message cannot be delivered, now or later: failed, the others go on."""


class TemporaryError(DeliveryError):
    """Certainly not sent, may work later: retried with backoff as long as it is useful.

    `retry_after` is the provider's own wish in seconds from now, if it gave one. `provider_down` tells an
    outage (5xx, no connection) from a mere rate limit: only an outage is worth an alarm.
    """

    def __init__(self, text: str, *, retry_after: float | None = None, provider_down: bool = False) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.provider_down = provider_down


class UnknownOutcomeError(DeliveryError):
    """The request was written and no answer came: it may or may not have been delivered.

    Retried with the same identity (nonce, Message-ID), so that a duplicate merges where the other side can.
    """


class AccountError(DeliveryError):
    """The provider refuses our account: this channel stops for the run, its rows stay untouched."""

    exit_code = EXIT_UNAVAILABLE
