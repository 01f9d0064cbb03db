"""What all channels of one run share, and the times that bound it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4

from notify_cli import db, due

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses
    from notify_cli.messages import Catalog
    from notify_cli.sending.lapse import Lapse


MAX_RUNTIME = 55.0  # seconds: cron starts the next run after 60


class Progress(Protocol):
    """Who wants to watch a run."""

    def start(self, total: int) -> None:
        """So many deliveries are due."""

    def advance(self, count: int) -> None:
        """So many more have an outcome."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long things may take, in seconds.

    `request` is for one send in all, `stop` what those under way get when the run is told to stop. A send begins within
    `hold` of its claim, or the delivery is claimed again. `record` is the time that a lease leaves for putting an
    outcome into the log. `ending` is what a request begun at the last moment, and its record, may take after the run's
    deadline.
    """

    request: float = 10.0
    stop: float = 5.0
    hold: float = 60.0
    record: float = 20.0
    ending: float = 10.0

    @property
    def lease_margin(self) -> timedelta:
        """From the last moment to begin a send to the end of its lease: the request, and the time to record it."""
        return timedelta(seconds=self.request + self.record)


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Run:
    """What all channels of a run share.

    `deadline`, a time.monotonic(), is when it must begin nothing more; `now` is an aware time to compute for, None for
    the database's clock. `stop` is set by whoever wants it to end early, `token` is what its claims carry.
    `lapse` is the time since the last sweep, None where that is not known.
    """

    connect: Callable[[], db.Connection]
    settings: Settings
    policy: due.Policy
    catalog: Catalog
    courses: Courses | None
    deadline: float
    now: datetime | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    timeouts: Timeouts = field(default_factory=Timeouts)
    on_progress: Callable[[int], None] = lambda count: None
    token: UUID = field(default_factory=uuid4)
    lapse: Lapse | None = None

    def seconds_left(self) -> float:
        """Until the run must begin nothing more."""
        return 0.0 if self.stop.is_set() else self.deadline - time.monotonic()

    def grace(self, most: float) -> float:
        """How long to wait for what is begun: to the end of the last request, less when the run is told to stop."""
        if self.stop.is_set():
            return self.timeouts.stop
        return min(most, max(1.0, self.deadline + self.timeouts.request - time.monotonic()))
