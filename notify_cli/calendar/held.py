"""What a member's calendar holds of one group, as notify.calendars keeps it: one value per row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from notify_cli.calendar.recurrence import Occurrence
from notify_cli.model import Meeting
from notify_cli.registry import Method

ItipMethod = Literal["REQUEST", "CANCEL"]

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Key:
    """Whose calendar it is, and which of its series: 0, and more where two meetings fall on one day."""

    group_id: int
    user_id: int
    rehearsal: bool = False
    series: int = 0


@dataclass(frozen=True, slots=True)
class Former:
    """An address that the member has given up, where the series is still to be cancelled, under this SEQUENCE."""

    address: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What a provider refused for good: the kind of message, where it was to go, and the plan it was made from."""

    method: ItipMethod
    address: str
    plan: int


@dataclass(frozen=True, slots=True)
class Held:
    """One series of one member, in the newest version that may have arrived. Times are aware, in UTC.

    `method` is that version's, None where nothing was sent so far; `medium` how it went out: by email into the
    calendar, or by direct message to whom no email reaches. `certain` once the provider took it; until then `known`
    are the meetings of the last version that surely arrived. `until` is when the last meeting ends that may be in the
    calendar, whichever version arrived. `ics` is kept as long as the version may have to be repeated.

    `plan` and `contact` are integers made by the database, of the group's meetings and of the member's ways to be
    reached, as they were when the series was last found to be as it should; `look_at` is when to look again whatever
    they are, `live_until` when nothing of group or calendar is to come any more. A plan that `differs` from what is
    held has stood since `differs_since`. `possible_at` is when the assignment to the group could first be told.
    `revision` counts the writings of the row.
    """

    key: Key
    revision: int = 0
    uid: str | None = None
    sequence: int = -1
    method: ItipMethod | None = None
    medium: Method | None = None
    certain: bool = True
    reminder_type: str | None = None
    meetings: tuple[Meeting, ...] = ()
    known: tuple[Meeting, ...] = ()
    until: datetime | None = None
    address: str | None = None
    former: tuple[Former, ...] = ()
    refused: Refused | None = None
    group_name: str | None = None
    dtstamp: datetime | None = None
    ics: str | None = None
    plan: int | None = None
    contact: int | None = None
    look_at: datetime | None = None
    live_until: datetime | None = None
    differs: int | None = None
    differs_since: datetime | None = None
    possible_at: datetime | None = None
    busy_until: datetime | None = None

    @property
    def occurrences(self) -> frozenset[Occurrence]:
        """What it shows if the newest version arrived; nothing after a CANCEL."""
        return occurrences(self.meetings) if self.method == "REQUEST" else frozenset()

    @property
    def starts(self) -> frozenset[datetime]:
        """When what it shows starts, in whole seconds."""
        return starts(self.meetings) if self.method == "REQUEST" else frozenset()

    @property
    def told(self) -> tuple[Meeting, ...]:
        """The meetings that the member surely knows of."""
        return self.meetings if self.certain else self.known

    def has_ahead(self, now: datetime) -> bool:
        """Whether any meeting that may be in the calendar is not over."""
        return self.until is not None and self.until > now

    def same_address(self, address: str | None) -> bool:
        """Whether this address is the one it was sent to; upper and lower case do not make two mailboxes."""
        return (self.address or "").casefold() == (address or "").casefold()

    def former_besides(self, address: str | None) -> tuple[Former, ...]:
        """The former addresses without this one: where the series goes again, an older cancellation must not follow."""
        return tuple(one for one in self.former if one.address.casefold() != (address or "").casefold())


# The members of a group hold the same meetings, and each is looked at several times.
@lru_cache(maxsize=1024)
def occurrences(meetings: tuple[Meeting, ...]) -> frozenset[Occurrence]:
    """The meetings as a calendar shows them: rows that are alike in start, length and link are one."""
    return frozenset(occurrence(one) for one in meetings)


def starts(meetings: tuple[Meeting, ...]) -> frozenset[datetime]:
    """When the meetings start, in whole seconds. Nearly all that differ do so here, and it costs much less to tell."""
    return frozenset([whole(one.starts_at) for one in meetings])


def whole(at: datetime) -> datetime:
    """A time in whole seconds; most are, and the same value need not be hashed again."""
    return at.replace(microsecond=0) if at.microsecond else at


def occurrence(meeting: Meeting) -> Occurrence:
    """A meeting as a calendar shows it."""
    return Occurrence(meeting.starts_at, meeting.duration, meeting.join_url)


@lru_cache(maxsize=1024)
def distinct(meetings: tuple[Meeting, ...]) -> tuple[Meeting, ...]:
    """The meetings in the order of time, of those that a calendar shows as one the one with the lowest id."""
    in_order = sorted(meetings, key=lambda one: (one.starts_at, one.meeting_id))
    if all(later.starts_at - one.starts_at >= _SECOND for one, later in pairwise(in_order)):
        return tuple(in_order)  # as nearly always: no two of them can look alike
    found: dict[Occurrence, Meeting] = {}
    for one in in_order:
        found.setdefault(occurrence(one), one)
    return tuple(found.values())
