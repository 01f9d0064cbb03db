"""Look-ups about meetings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from notify_cli import db
from notify_cli.model import Meeting
from notify_cli.platform import lookups


@dataclass(frozen=True, slots=True)
class Appointment:
    """Which meeting a message is about: its group and its start (aware), without what its calendar entry says."""

    meeting_id: int
    group_id: int
    starts_at: datetime
    group_name: str


def find(connection: db.Connection, meeting_id: int) -> Appointment | None:
    """One meeting, past or to come. Raises DatabaseError."""
    found = lookups.rows(connection, "meeting", meeting_id=meeting_id)
    return Appointment(**found[0]._asdict()) if found else None


def next_of(connection: db.Connection, group_ids: Iterable[int], at: datetime) -> dict[int, Appointment]:
    """The first meeting after `at`, an aware time, by group_id; none for a group without. Raises DatabaseError."""
    found = lookups.rows(connection, "next_meetings", group_ids=sorted(set(group_ids)), at=at)
    return {row.group_id: Appointment(**row._asdict()) for row in found}


def of_groups(
    connection: db.Connection, group_ids: Iterable[int], default_duration: timedelta
) -> dict[int, tuple[Meeting, ...]]:
    """All meetings of each group in order of time, past ones too, by group_id.

    `default_duration`, in whole minutes, is that of a meeting for which the view gives none. Raises DatabaseError.
    """
    by_group: dict[int, list[Meeting]] = defaultdict(list)
    minutes = round(default_duration / timedelta(minutes=1))
    for row in lookups.rows(connection, "meetings", group_ids=sorted(set(group_ids)), meeting_minutes=minutes):
        meeting = Meeting(
            meeting_id=row.meeting_id,
            group_id=row.group_id,
            starts_at=row.starts_at,
            duration=timedelta(minutes=row.duration_minutes),
            number=row.number,
            join_url=row.join_url,
        )
        by_group[row.group_id].append(meeting)
    return {group_id: tuple(meetings) for group_id, meetings in by_group.items()}
