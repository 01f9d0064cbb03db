"""Which version of a member's series an email carries: from what the calendar holds and the meetings as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from notify_cli import calendar as itip
from notify_cli.errors import RecipientError
from notify_cli.model import Facts, Group, Invite, Meeting, Person
from notify_cli.recurrence import Occurrence

CANCEL = "calendar_cancel"
# The reminder types whose email carries an invite.
KINDS = ("group_assigned", "calendar_update", CANCEL)

# What the log keeps of an invite, in plain JSON types: the series, and `series` (whose), `method`, `until` (the end of
# its last meeting, ISO 8601 in UTC), `group_name` and `ics`, the stream as it was sent.
Calendar = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """What an invite says: `title` and `description` from the messages file, `place` a URL, and who invites whom."""

    title: str
    description: str
    place: str
    organizer_email: str
    organizer_name: str
    attendee_email: str


def key(group_id: int, user_id: int) -> str:
    """Whose series it is, as the log keeps it."""
    return f"group_{group_id}/user_{user_id}"


def invite(calendar: Calendar) -> Invite:
    """The iTIP object, to the byte as it was first made."""
    return Invite(calendar["method"], calendar["ics"])


def next_request(
    held: Calendar | None, mine: Calendar | None, facts: Facts, meetings: tuple[Meeting, ...], wording: Wording
) -> Calendar:
    """The invite that makes a member's calendar show the meetings to come.

    `held` is the last version that may have arrived, `mine` what a former attempt at this delivery sent: it is sent
    again as it was where it still is the last version and true. Raises RecipientError when there is nothing to show.
    """
    person, group = _both(facts)
    holds = itip.from_context(held) if held else None
    shown = holds if held and held["method"] == "REQUEST" else None
    wanted = itip.wanted(shown, (Occurrence(m.starts_at, m.duration, m.join_url) for m in meetings), facts.now)
    if not wanted:
        raise RecipientError("the group has no meeting to come")
    if mine and holds and mine["sequence"] == holds.sequence and not itip.differs(holds, wanted):
        return mine
    series = itip.Series(
        uid=holds.uid if holds else itip.uid(group.group_id, person.user_id, wording.organizer_email.partition("@")[2]),
        sequence=holds.sequence + 1 if holds else 0,
        dtstamp=facts.now,
        organizer_email=wording.organizer_email,
        organizer_name=wording.organizer_name,
        attendee_email=wording.attendee_email,
        attendee_name=person.name,
        title=wording.title,
        description=wording.description,
        location=wording.place,
        url=wording.place,
        occurrences=wanted,
    )
    return _kept(itip.request(series), series, person, group)


def next_cancel(held: Calendar | None, mine: Calendar | None, facts: Facts, *, leaving: bool) -> Calendar:
    """The iTIP CANCEL of the whole series; `leaving` when the series goes on without this member.

    Raises RecipientError when there is no series to cancel.
    """
    if held is None:
        raise RecipientError("there is no invite to cancel")
    if mine and mine["sequence"] == held["sequence"]:
        return mine
    holds = itip.from_context(held)
    gone = replace(holds, sequence=holds.sequence + 1, dtstamp=facts.now)
    return _kept(itip.cancel(gone, leaving=leaving), gone, *_both(facts))


def named_group(facts: Facts, held: Mapping[str, Any] | None, group_id: int | None) -> Facts:
    """The facts with the group as it was called when its invite went out, if its row is gone since."""
    if facts.group is not None or held is None or group_id is None:
        return facts
    return replace(facts, group=Group(group_id, held["group_name"]))


def _kept(sent: Invite, series: itip.Series, person: Person, group: Group) -> Calendar:
    return itip.to_context(series) | {
        "series": key(group.group_id, person.user_id),
        "method": sent.method,
        "until": max(one.starts_at + one.duration for one in series.occurrences).isoformat(),
        "group_name": group.name,
        "ics": sent.ics,
    }


def _both(facts: Facts) -> tuple[Person, Group]:
    if facts.person is None or facts.group is None:
        raise RecipientError("an invite needs a reader and a group")
    return facts.person, facts.group
