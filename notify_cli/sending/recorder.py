"""What became of deliveries, and what was looked up for them, written to the database after each batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from notify_cli import db, log, sql
from notify_cli.calendars import table
from notify_cli.errors import ConfigError, DatabaseError, NotifyError
from notify_cli.sending.database import Database
from notify_cli.sending.run import Run

_SQL = sql.Folder(__file__)


def load() -> None:
    """Have in memory what recording needs, before anything is claimed: the modules are, by now; the statements too.

    A run whose files are replaced, or that can open no more of them, then still records what it sent. Raises OSError.
    """
    log.load()
    table.load()
    _SQL.load()


class Recorder:
    """One channel's way into the log. `pending` are outcomes that are not in it yet.

    `learned` is `Channel.learned`. What is refused for good is added to `refusals`. `parked` counts the rows whose
    outcome the database refused in any form: nobody sends them again, and the next ones may be refused too.
    """

    def __init__(
        self, run: Run, database: Database, learned: Callable[[], dict[str, str]], refusals: list[NotifyError]
    ) -> None:
        self.pending: list[log.Outcome] = []
        self.parked = 0
        self._run = run
        self._database = database
        self._learned = learned
        self._refusals = refusals
        self._addresses: dict[str, str] = {}

    def record(self, outcomes: Sequence[log.Outcome]) -> None:
        """Write these outcomes and those still pending, and the addresses that the channel looked up.

        Raises DatabaseError when the outcomes could not be written before the end of the run.
        """
        self.pending += outcomes
        if self.pending:
            self._database.surely(self._write)
        self._remember()

    def _write(self, connection: db.Connection) -> None:
        def record(outcomes: Sequence[log.Outcome]) -> list[int]:
            rows = [outcome.calendar for outcome in outcomes if outcome.calendar is not None]
            with table.writing(connection, rows):
                return [log.record(connection, outcomes, token=self._run.token, now=self._run.now)]

        def record_bare(outcomes: Sequence[log.Outcome]) -> list[int]:
            # That it was sent must be known, even if what was sent cannot be stored.
            return record([replace(outcome, message=None) for outcome in outcomes])

        refused: list[NotifyError] = []
        db.one_by_one_on_refusal(record, self.pending, refused)
        if refused:
            self._refusals += refused
            lost: list[NotifyError] = []
            db.one_by_one_on_refusal(record_bare, self.pending, lost)
            if lost:
                self._park(connection, lost[0])
        self.pending = []

    def _park(self, connection: db.Connection, reason: NotifyError) -> None:
        """Let nobody send again what could not be recorded: all others carry our token no more."""

        def park(ids: Sequence[int]) -> list[int]:
            return [log.park(connection, ids, token=self._run.token)]

        unparked: list[NotifyError] = []
        ids = [outcome.reminder_id for outcome in self.pending]
        self.parked += sum(db.one_by_one_on_refusal(park, ids, unparked)) + len(unparked)
        told = (
            f"{self.parked} of what was sent could not be recorded and is not sent again, see notify doctor: {reason}"
        )
        self._refusals.insert(0, db.RefusedError(told))

    def _remember(self) -> None:
        """Keep the addresses that the channel looked up: they can be looked up again, so one try a batch is enough."""
        self._addresses |= self._learned()
        if not self._addresses:
            return
        try:
            # Discord's DM channels are the only ones so far, hence the name of their table.
            channels = {"discord_ids": list(self._addresses), "channel_ids": list(self._addresses.values())}
            db.execute(self._database.connection, _SQL("remember_dm_channels"), channels)
        except (db.RefusedError, ConfigError) as error:
            self._refusals.append(error)
        except DatabaseError:
            return
        self._addresses = {}
