"""What is found of calendars that are not as they should be, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from notify_cli.calendar.held import Held


class Sighting(NamedTuple):
    """A candidate: what is to be sent about one calendar, or why nothing is."""

    job_id: str
    occurrence: str
    reminder_type: str
    method: str
    user_id: int
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
        columns = list(zip(*self.found, strict=True)) or [()] * len(Sighting._fields)
        names = (
            *("job_ids", "occurrences", "types", "methods", "user_ids", "group_ids", "due_ats", "useful_untils"),
            *("exclusions", "notes", "outlive_groups", "can_wait"),
        )
        named = {f"calendar_{name}": list(column) for name, column in zip(names, columns, strict=True)}
        return named | {"assignable_groups": list(self.assignable)}
