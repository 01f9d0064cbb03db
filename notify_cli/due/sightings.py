"""What is found of calendars that are not as they should be, as plain values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from notify_cli.calendar.held import Held


class Sighting(NamedTuple):
    """A candidate: what is to be sent about one calendar, or why nothing is."""

    user_id: int
    job_id: str
    occurrence: str
    reminder_type: str
    method: str
    group_id: int
    due_at: datetime
    useful_until: datetime
    exclusion: str | None
    note: str | None
    outlives_group: bool
    can_wait: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and the rows in which a sweep puts down what need not be looked at again.

    `cleared` are rows without an address at which nothing is left to be cancelled. `assignable` are the groups of
    members who can be told of their assignment from this moment on.
    """

    found: Sequence[Sighting] = ()
    rows: Sequence[Held] = ()
    cleared: Sequence[Held] = ()
    assignable: Sequence[int] = ()

    def parameters(self) -> dict[str, Any]:
        """Those of calendars.sql, and of the rule for assignments."""
        # The members of a group come one after the other, and differ mostly in who they are: they are written as one.
        shared = groupby(self.found, key=lambda one: one[1:])
        sightings = [
            {**dict(zip(Sighting._fields[1:], rest, strict=True)), "user_ids": [one.user_id for one in alike]}
            for rest, alike in shared
        ]
        found = json.dumps(sightings, default=datetime.isoformat)
        return {"calendar_sightings": found, "assignable_groups": list(self.assignable)}
