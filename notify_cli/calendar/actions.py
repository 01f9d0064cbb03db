"""The messages that put a member's calendar right, apart from when they go out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from notify_cli.calendar.held import Former, Held, Key, occurrence, occurrences, starts
from notify_cli.calendar.member import Member
from notify_cli.calendar.recurrence import Occurrence, separate
from notify_cli.model import Meeting
from notify_cli.registry import ASSIGNED, CANCEL, UPDATE, Method

# Why a message about a calendar goes out. An update: meetings are others than they were, the series is the first, or
# only the address is another. A cancellation: the member has left, the group has ended, it has no meeting left, the
# address was given up, or a series of its own is not needed any more.
Cause = Literal["changed", "first", "address", "left", "ended", "cleared", "former", "merged"]

LOOK_BACK = timedelta(days=35)  # what was over before is left in calendars as it is


@dataclass(frozen=True, slots=True)
class Action:
    """One message that puts a series right. `meetings` are those that it shows, or takes out of the calendar.

    `address` is where it goes by email. One that `repeats` is the version that may have arrived, to the byte. `urgent`:
    it is about a meeting so near that it does not wait for the morning.
    """

    row: Held
    reminder_type: str
    medium: Method
    sequence: int
    cause: Cause
    meetings: tuple[Meeting, ...]
    due_at: datetime
    useful_until: datetime
    address: str | None = None
    repeats: bool = False
    urgent: bool = False


# By email, into the calendar


def by_email(member: Member, shown: tuple[Meeting, ...], now: datetime) -> list[Action]:
    """What to send for each series, and where an address was given up."""
    rows = {row.key.series: row for row in member.held if row.uid is not None}
    if not shown:
        cause: Cause = "cleared" if member.belongs else "left" if member.group_is_active else "ended"
        return [action for row in rows.values() for action in _cancels(row, member, cause, now)]
    if not any(one.ends_at > now for one in shown) and not any(row.has_ahead(now) for row in rows.values()):
        return []
    return [action for row, some in _parts(member, shown, now) for action in _updates(row, member, some, now)]


def _parts(member: Member, shown: tuple[Meeting, ...], now: datetime) -> list[tuple[Held, tuple[Meeting, ...]]]:
    """Each series of a member, with the meetings that it is to show; none of them is in two."""
    rows = {row.key.series: row for row in member.held if row.uid is not None}
    numbers = range(max(rows, default=-1) + 1)
    if len(numbers) < 2 and _fit_into_one(shown, rows[0].starts if numbers else frozenset()):
        return [(_row(member, 0), shown)]
    held = tuple(rows[number].occurrences if number in rows else frozenset() for number in numbers)
    return [(_row(member, number), some) for number, some in enumerate(_series(shown, held, now))]


def _fit_into_one(shown: tuple[Meeting, ...], held: frozenset[datetime]) -> bool:
    """Whether one series, that holds meetings at these times, takes all meetings, as nearly always.

    It does if it changes anyway and no two are on one day; what `separate` finds for all others would be the same.
    """
    at = starts(shown)
    return (not held or not held <= at) and len({one.date() for one in at}) == len(shown)


@lru_cache(maxsize=256)  # the members of a group are invited to the same meetings
def _series(
    shown: tuple[Meeting, ...], held: tuple[frozenset[Occurrence], ...], now: datetime
) -> tuple[tuple[Meeting, ...], ...]:
    """The meetings as the series that show them, given what each series holds."""
    by_occurrence = {occurrence(one): one for one in reversed(shown)}
    parts = separate(by_occurrence.keys(), held, now=now)
    return tuple(tuple(by_occurrence[one] for one in some) for some in parts)


def _row(member: Member, series: int) -> Held:
    """The row of a series; a new one where there is none."""
    found = next((row for row in member.held if row.key.series == series), None)
    return found or Held(Key(member.group_id, member.user_id, member.rehearsal, series))


def _updates(row: Held, member: Member, shown: tuple[Meeting, ...], now: datetime) -> list[Action]:
    """What to send for one series."""
    former = [_at_former(row, one, now) for one in row.former_besides(member.email)]
    if not shown:
        return [*former, *_cancels(row, member, "merged", now)]
    same = row.medium is Method.EMAIL and row.same_address(member.email)
    is_shown = _shows(row, shown, now)
    if is_shown and same and row.certain:
        return former
    if not any(one.ends_at > now for one in shown) and not row.has_ahead(now):
        return former
    update = Action(
        row=row,
        reminder_type=UPDATE,
        medium=Method.EMAIL,
        sequence=row.sequence + 1,
        cause="first" if row.uid is None else "changed",
        meetings=shown,
        due_at=now,
        useful_until=max(*(one.ends_at for one in shown), row.until or now),
        address=member.email,
    )
    if is_shown and same and row.reminder_type == UPDATE:
        return [*former, replace(update, sequence=row.sequence, repeats=True)]
    if leaves(row, member):
        # The number between belongs to the cancellation at the former address: both may end up in one mailbox, and
        # there the newer must win.
        former.append(_at_former(row, Former(row.address or "", row.sequence + 1), now))
        return [*former, replace(update, sequence=row.sequence + 2, cause="address" if is_shown else "changed")]
    return [*former, update]


def leaves(row: Held, member: Member) -> bool:
    """Whether the series may be in the calendar of an address that the member has given up, and that takes mail."""
    if row.medium is not Method.EMAIL or not row.address or row.same_address(member.email):
        return False
    if row.method is None or (row.method == "CANCEL" and row.certain):
        return False
    return not is_refused(row, "REQUEST", row.address)


def _at_former(row: Held, former: Former, now: datetime) -> Action:
    return Action(
        row=row,
        reminder_type=CANCEL,
        medium=Method.EMAIL,
        sequence=former.sequence,
        cause="former",
        meetings=row.meetings,
        due_at=now,
        useful_until=row.until or now,
        address=former.address,
    )


def _cancels(row: Held, member: Member, cause: Cause, now: datetime) -> list[Action]:
    """What takes a series out of the calendar, if anything of it is to come."""
    is_gone = row.method == "CANCEL" and row.certain and row.medium is Method.EMAIL
    if is_gone or row.method is None or not row.has_ahead(now):
        return [_at_former(row, one, now) for one in row.former]
    # The series is where it was sent. So is a cancellation of which nobody knows whether it arrived: it is repeated
    # there, whatever the member's address is now.
    open_to = [one for one in (row.address, member.email) if one and not is_refused(row, "CANCEL", one)]
    address = next(iter(open_to), member.email)
    again = row.method == "CANCEL" and row.medium is Method.EMAIL and row.same_address(address)
    cancel = Action(
        row=row,
        reminder_type=CANCEL,
        medium=Method.EMAIL,
        sequence=row.sequence if again else row.sequence + 1,
        cause=cause,
        meetings=row.meetings,
        due_at=now,
        useful_until=row.until or now,
        address=address,
        repeats=again,
    )
    return [*(_at_former(row, one, now) for one in row.former_besides(address)), cancel]


def assignment(member: Member, meetings: Sequence[Meeting], medium: Method, now: datetime) -> Action | None:
    """The first series, or its next version, as the message about the assignment carries it; None without a meeting.

    It is the first that has a meeting to come; the others follow in updates. It is repeated to the byte as long as it
    is true; by direct message it only says what is to come.
    """
    shown = member.wanted(meetings, now)
    if not any(one.ends_at > now for one in shown):
        return None
    row = member.main
    if medium is Method.EMAIL:
        parts = _parts(member, shown, now)
        row, shown = next(part for part in parts if any(one.ends_at > now for one in part[1]))
    same = row.medium is medium and (medium is not Method.EMAIL or row.same_address(member.email))
    repeats = same and not row.certain and row.reminder_type == ASSIGNED and _shows(row, shown, now)
    step = 0 if repeats or medium is not Method.EMAIL else 2 if leaves(row, member) else 1
    return Action(
        row=row,
        reminder_type=ASSIGNED,
        medium=medium,
        sequence=row.sequence + step,
        cause="first",
        meetings=shown,
        due_at=now,
        useful_until=max(one.ends_at for one in shown),
        address=member.email if medium is Method.EMAIL else None,
        repeats=repeats,
    )


# By direct message, to whom no email reaches


def by_dm(member: Member, shown: tuple[Meeting, ...], now: datetime) -> list[Action]:
    """What to tell: only what is to come."""
    row = member.main
    ahead = tuple(one for one in shown if one.ends_at > now)
    before = tuple(one for one in row.meetings if one.ends_at > now) if row.method == "REQUEST" else ()
    same = occurrences(ahead) == occurrences(before)
    if same and (row.certain or row.medium is not Method.DISCORD_DM):
        return []
    if not ahead and not before:
        return []
    cause: Cause = "changed" if row.method else "first"
    if not ahead:
        cause = "cleared" if member.belongs else "left" if member.group_is_active else "ended"
    again = same and row.medium is Method.DISCORD_DM and row.reminder_type != ASSIGNED
    return [
        Action(
            row=row,
            reminder_type=UPDATE if ahead else CANCEL,
            medium=Method.DISCORD_DM,
            sequence=row.sequence if again else row.sequence + 1,
            cause=cause,
            meetings=shown if ahead else row.meetings,
            due_at=now,
            useful_until=max(one.ends_at for one in (*ahead, *before)),
            repeats=again,
        )
    ]


def _shows(row: Held, meetings: tuple[Meeting, ...], now: datetime) -> bool:
    """Whether a series is in the calendar and shows these meetings, apart from what was over long ago."""
    earliest = now - LOOK_BACK
    if row.method != "REQUEST" or any(at > earliest for at in row.starts ^ starts(meetings)):
        return False
    return not any(one.starts_at > earliest for one in row.occurrences ^ occurrences(meetings))


def is_refused(row: Held, method: Literal["REQUEST", "CANCEL"], address: str, plan: int | None = None) -> bool:
    """Whether a provider refused just this for good; a REQUEST only as long as the group's plan is the same."""
    refused = row.refused
    return (
        refused is not None
        and refused.method == method
        and refused.address.casefold() == address.casefold()
        and plan in (None, refused.plan)
    )
