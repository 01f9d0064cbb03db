"""What the next run must know, written to the log: what became of deliveries, and claims that are given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from notify_cli import db, log
from notify_cli.errors import DatabaseError
from notify_cli.sending import addresses
from notify_cli.sending.run import Run


class Recorder:
    """One channel's connection to the database, and its way into the log.

    `learned` is `Channel.learned`. What single rows met when the database refused a batch is added to `refusals`.
    """

    def __init__(self, run: Run, learned: Callable[[], dict[str, str]], refusals: list[db.RefusedError]) -> None:
        self.connection: db.Connection
        self.fault: DatabaseError | None = None
        self._run = run
        self._learned = learned
        self._refusals = refusals
        self._unrecorded: list[log.Outcome] = []
        self._addresses: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.connection = self._run.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.connection.close()

    def record(self, outcomes: Sequence[log.Outcome]) -> None:
        """Write these outcomes, and those that could not be written before. Raises DatabaseError."""
        self._unrecorded += outcomes
        self._addresses |= self._learned()
        if self._unrecorded or self._addresses:
            self._surely(self._write)

    def release(self, claims: Sequence[log.Claim]) -> None:
        """Give claims back. Raises DatabaseError."""
        if claims:
            self._surely(lambda connection: log.release(connection, claims, token=self._run.token))

    def _surely(self, write: Callable[[db.Connection], None]) -> None:
        """Write, over a new connection if this one is lost."""
        try:
            write(self.connection)
        except DatabaseError as error:
            self.fault = self.fault or error
            db.retry_write(self._run.connect, write, patience=self._run.grace(self._run.timeouts.record))

    def _write(self, connection: db.Connection) -> None:
        def record(outcomes: Sequence[log.Outcome]) -> list[int]:
            return [log.record(connection, outcomes, token=self._run.token, now=self._run.now)]

        def record_bare(outcomes: Sequence[log.Outcome]) -> list[int]:
            # That it was sent must be known, even if what was sent cannot be stored.
            return record([replace(outcome, message=None) for outcome in outcomes])

        refused: list[db.RefusedError] = []
        db.one_by_one_on_refusal(record, self._unrecorded, refused)
        if refused:
            self._refusals += refused
            db.one_by_one_on_refusal(record_bare, self._unrecorded, refused)
        self._unrecorded = []
        if self._addresses:
            addresses.remember(connection, self._addresses)
            self._addresses = {}
