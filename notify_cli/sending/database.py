"""One channel's connection to the database, replaced when it is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from notify_cli import db
from notify_cli.errors import DatabaseError, NotifyError
from notify_cli.sending.run import Run

T = TypeVar("T")


class Database:
    """A connection, open while this is entered; after it was lost `connection` is another.

    `interrupted` says why a lost connection could not be replaced at once, if that ever happened: then the database
    itself was away.
    """

    connection: db.Connection

    def __init__(self, run: Run) -> None:
        self.interrupted: DatabaseError | None = None
        self._run = run
        self._gives_up_at = run.deadline + run.timeouts.ending
        self._gave_up: DatabaseError | None = None

    def __enter__(self) -> Self:
        self.connection = self._run.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.connection.close()

    def ask(self, do: Callable[[db.Connection], T]) -> T:
        """Do what may be done twice: again over a new connection, once, if this one turns out to be lost.

        A server or a pooler may have closed it while a request was under way. Raises DatabaseError.
        """
        try:
            return do(self.connection)
        except db.RefusedError:
            raise
        except DatabaseError:
            self.connection.close()
            self.connection = self._run.connect()
            return do(self.connection)

    def surely(self, write: Callable[[db.Connection], None]) -> None:
        """Write what no other run can know, over new connections if need be, for as long as the run lasts.

        Whatever goes wrong gets that patience, a want of file descriptors too: what a provider took and the log has not
        is sent again. Raises DatabaseError when it was in vain.
        """
        if self._gave_up:
            raise self._gave_up
        try:
            write(self.connection)
        except db.RefusedError:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            self._write_anew(write, error)

    def _write_anew(self, write: Callable[[db.Connection], None], first: Exception) -> None:
        self.connection.close()
        try:
            self.connection, tries = db.retry_write(self._run.connect, write, go_on=self._may_try_again)
        except Exception as error:
            self._gave_up = _told(error)
            raise self._gave_up from error
        if tries > 1:
            self.interrupted = _told(first)

    def _may_try_again(self) -> bool:
        if self._run.stop.is_set():
            self._gives_up_at = min(self._gives_up_at, time.monotonic() + self._run.timeouts.stop)
        return time.monotonic() < self._gives_up_at


def _told(error: Exception) -> DatabaseError:
    """The error as one of the database, in words that may be shown."""
    if isinstance(error, DatabaseError):
        return error
    return DatabaseError(str(error) if isinstance(error, NotifyError) else f"an unexpected {type(error).__name__}")
