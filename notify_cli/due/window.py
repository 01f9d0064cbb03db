"""Which candidates are looked at: in which time, of whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """Which candidates to look at. The defaults are a sweep's: due by now and still useful.

    `now` is None for the database's clock. `within` looks ahead, `since` back, from now.
    """

    now: datetime | None = None
    within: timedelta = timedelta(0)
    since: timedelta = timedelta(0)
    user_ids: Sequence[int] | None = None
    group_ids: Sequence[int] | None = None
    meeting_ids: Sequence[int] | None = None
