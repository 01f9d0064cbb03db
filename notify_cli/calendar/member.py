"""Somebody in a group and what their calendar holds of it, as the tables are at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notify_cli.calendar.held import Held, Key, distinct, whole
from notify_cli.model import Meeting
from notify_cli.registry import Method

WINDOW = timedelta(days=7)  # in which the assignment to a group is told


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is in a group, or whose calendar holds its meetings, as the tables are at this moment.

    `email` is where email reaches them, None if it does not; `by_dm` whether direct messages do. `known_since` is the
    later of joining and of the first meeting being entered; `is_early` if both were before notify was installed. `told`
    are the methods by which the assignment needs not be told any more: it was, or failed, or staff cancelled it.
    `plan` and `contact` are the database's integers for the group's meetings and for the ways to reach the member.
    """

    group_id: int
    user_id: int
    rehearsal: bool
    held: tuple[Held, ...]
    plan: int
    contact: int
    is_active: bool
    group_is_active: bool
    has_channel: bool
    email: str | None
    by_dm: bool
    known_since: datetime | None
    joined_at: datetime | None
    is_early: bool
    told: frozenset[Method]

    @property
    def belongs(self) -> bool:
        """Whether the group's meetings belong into their calendar."""
        return self.is_active and self.group_is_active

    @property
    def main(self) -> Held:
        """The row of the first series, also before there is one."""
        return self.held[0] if self.held else Held(Key(self.group_id, self.user_id, self.rehearsal))

    @property
    def knows(self) -> tuple[Meeting, ...]:
        """The meetings that they surely know of."""
        return distinct(tuple(one for row in self.held if row.method == "REQUEST" for one in row.told))

    def assigned_at(self, now: datetime) -> datetime | None:
        """From when on the assignment can be told; None while it is not known since when they are in the group."""
        if self.known_since is None or self.is_early:
            return self.known_since
        possible = self.main.possible_at
        first = possible if possible and (self.joined_at is None or possible >= self.joined_at) else now
        return max(self.known_since, first)

    def can_be_told(self, meetings: Sequence[Meeting], now: datetime) -> bool:
        """Whether there is something to say of the group, as it is now: a meeting to come, and a channel to meet in."""
        return self.belongs and self.has_channel and any(one.starts_at > now for one in meetings)

    def is_assignable(self, meetings: Sequence[Meeting], now: datetime) -> bool:
        """Whether the assignment to the group can be told by now, or could before."""
        return self.can_be_told(meetings, now) or self.main.possible_at is not None

    def waits_until(self, meetings: Sequence[Meeting], now: datetime) -> datetime | None:
        """Until when the assignment to the group may still carry the series; None if it does not, or not any more.

        It cannot after its window, nor once the last meeting has begun.
        """
        assigned_at = self.assigned_at(now)
        medium = Method.EMAIL if self.email else Method.DISCORD_DM
        possible = self.can_be_told(meetings, now)
        if assigned_at is None or not possible or medium in self.told or now >= assigned_at + WINDOW:
            return None
        return min(assigned_at + WINDOW, max(one.starts_at for one in meetings))

    def wanted(self, meetings: Sequence[Meeting], now: datetime) -> tuple[Meeting, ...]:
        """The meetings that belong into their calendar: all that are not over, and of the past ones those it holds.

        So a late joiner gets what is left, a meeting that merely passes changes nothing, and one that was deleted or
        moved goes from the calendar even when its time has passed.
        """
        if not self.belongs:
            return ()
        shown = {at for row in self.held for at in row.starts}
        kept = (one for one in meetings if one.ends_at > now or whole(one.starts_at) in shown)
        return distinct(tuple(kept))
