"""The time between two sweeps, in which nobody could have sent anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Cron starts a sweep every minute, and one may take a minute: more between two of them is time in which nobody swept.
LONGEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lapse:
    """The time between two sweeps, whichever host's: from `swept_at` (None before the first) to `now`, both in UTC."""

    swept_at: datetime | None
    now: datetime

    @property
    def length(self) -> timedelta:
        """How long it was; nothing before the first sweep."""
        return timedelta(0) if self.swept_at is None else max(timedelta(0), self.now - self.swept_at)

    @property
    def is_gap(self) -> bool:
        """Whether sweeps were missing in it."""
        return self.length > LONGEST

    @property
    def looked_back(self) -> timedelta:
        """How far back this sweep's own look at what is due must reach, to see what passed since the last one."""
        return timedelta(0) if self.is_gap else self.length

    @property
    def context(self) -> dict[str, str] | None:
        """What the log keeps of it in the `context` of a delivery; nothing of a lapse that was no gap."""
        if not self.is_gap or self.swept_at is None:
            return None
        return {"unswept_since": self.swept_at.isoformat(), "unswept_until": self.now.isoformat()}

    def made_late(self, due_at: datetime) -> bool:
        """Whether what was due at this time is late because nobody swept."""
        return self.is_gap and self.swept_at is not None and self.swept_at <= due_at < self.now - LONGEST
