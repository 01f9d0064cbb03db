"""Look-ups about groups and who is in them; which group a message to somebody is about where nobody names one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from notify_cli import db
from notify_cli.model import Group
from notify_cli.platform import lookups, meetings
from notify_cli.platform.meetings import Appointment
from notify_cli.registry import TYPES

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Roster:
    """A group with its active members who have an account, as (user_id, name) in the order of their names."""

    group: Group
    active: bool
    members: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody's time in a group, see lookups/stays.sql. `active` is their membership, `group_active` the group."""

    user_id: int
    group_id: int
    group_name: str
    course: str | None
    joined_at: datetime | None
    left_at: datetime | None
    active: bool
    group_active: bool

    def __str__(self) -> str:
        return f"{self.group_name} (group_{self.group_id})"


@dataclass(frozen=True, slots=True)
class OwnGroup:
    """The group that a message to somebody is about where nobody names one, and the others that could be meant."""

    stay: Stay
    others: tuple[Stay, ...] = ()

    def choice(self, name: str) -> str:
        """Which group was chosen for the person of this name, and how to choose another; empty where it is the only."""
        return f"about {self.stay}; {self.alternatives(name)}" if self.others else ""

    def alternatives(self, name: str) -> str:
        """The other groups of the person of this name, and how to choose one; empty where there is none."""
        others = " and ".join(map(str, self.others))
        return f"{name} is in {others} too: --group names another" if others else ""


def by_id(connection: db.Connection, group_ids: Iterable[int]) -> dict[int, Roster]:
    """These groups, active or not, by group_id. Raises DatabaseError."""
    return {
        row.group_id: Roster(
            Group(row.group_id, row.name, row.course, row.discord_channel_id, row.server_id),
            row.active,
            tuple(zip(row.member_ids, row.member_names, strict=True)),
        )
        for row in lookups.rows(connection, "groups", group_ids=sorted(set(group_ids)))
    }


def zones(connection: db.Connection, group_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The time zones of each group's active members as they stand in the view, by group_id, those of most first.

    Raises DatabaseError.
    """
    found = lookups.rows(connection, "zones", group_ids=sorted(set(group_ids)))
    return {row.group_id: tuple(row.zones) for row in found}


def stays(connection: db.Connection, user_ids: Iterable[int]) -> list[Stay]:
    """The groups that these people are or were in, one stay for each, by user_id and group_id. Raises DatabaseError."""
    return [Stay(**row._asdict()) for row in lookups.rows(connection, "stays", user_ids=sorted(set(user_ids)))]


def visited(connection: db.Connection, user_id: int) -> dict[int, str]:
    """The names of the groups that somebody visits as a guest of a meeting, by group_id. Raises DatabaseError."""
    return {row.group_id: row.group_name for row in lookups.rows(connection, "visited", user_id=user_id)}


def own(connection: db.Connection, user_ids: Iterable[int], reminder_type: str, *, at: datetime) -> dict[int, OwnGroup]:
    """The group that a message of this type to each of these people is about, by user_id; active groups only.

    For a type about a group, such as group_assigned, it is the one they joined last. For all others it is the one that
    meets next after `at`, and where none meets the one they joined last. Raises DatabaseError.
    """
    found: dict[int, list[Stay]] = defaultdict(list)
    for stay in stays(connection, user_ids):
        if stay.active and stay.group_active:
            found[stay.user_id].append(stay)
    about_a_group = reminder_type in TYPES and TYPES[reminder_type].subject == "group"
    several = {stay.group_id for theirs in found.values() if len(theirs) > 1 for stay in theirs}
    ahead = {} if about_a_group else meetings.next_of(connection, several, at)
    ranked = {user_id: sorted(theirs, key=lambda stay: _rank(stay, ahead)) for user_id, theirs in found.items()}
    return {user_id: OwnGroup(first, tuple(others)) for user_id, (first, *others) in ranked.items()}


def odd_names(connection: db.Connection) -> dict[int, str]:
    """The names of active groups that have no Latin letter and no digit, by group_id. Raises DatabaseError."""
    return {row.group_id: row.group_name for row in lookups.rows(connection, "group_names")}


def idle(connection: db.Connection) -> int:
    """How many active groups have no meeting to come. Raises DatabaseError."""
    return int(lookups.rows(connection, "idle_groups")[0].count)


def courses_ahead(connection: db.Connection) -> list[str | None]:
    """The courses of active groups that have meetings to come, each once. Raises DatabaseError."""
    return [row.course for row in lookups.rows(connection, "courses_ahead")]


def _rank(stay: Stay, ahead: dict[int, Appointment]) -> tuple[datetime, timedelta, int]:
    """Lowest for the group that meets first, then for the one joined last."""
    starts_at = ahead[stay.group_id].starts_at if stay.group_id in ahead else _NEVER
    since_joining = _NEVER - stay.joined_at if stay.joined_at else timedelta.max
    return starts_at, since_joining, stay.group_id
