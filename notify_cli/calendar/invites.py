"""Which version of a member's series an email carries: from what the calendar holds and the meetings as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from notify_cli import calendar as itip
from notify_cli import keys
from notify_cli.calendar.recurrence import Occurrence
from notify_cli.errors import RecipientError, TemporaryError
from notify_cli.model import Facts, Group, Invite, Meeting, Person

UPDATE = "calendar_update"
CANCEL = "calendar_cancel"
# The reminder types whose email carries an invite.
KINDS = ("group_assigned", UPDATE, CANCEL)

# What the log keeps of an invite, in plain JSON types: the series, and
#   series      whose it is
#   method      REQUEST or CANCEL
#   ics         the stream as it was sent
#   address     the member's, which the redirect of a staging host is not
#   schedule    all meetings of the group in one word, in a REQUEST: while it stays the same, the calendar is right
#   until       when nothing of it is to come any more, nor of a former version that it may have failed to replace
#               (ISO 8601 in UTC): it never falls from one version to the next
#   group_name  for the day on which the group's row is gone
Calendar = dict[str, Any]
_REFUSED = ("series", "sequence", "method", "address", "occurrences")


@dataclass(frozen=True, slots=True)
class Wording:
    """What an invite says: `title` and `description` from the messages file, `place` a URL, and who invites whom.

    `rehearsal`: it goes into an outbox or to a redirect.
    """

    title: str
    description: str
    place: str
    organizer_email: str
    organizer_name: str
    attendee_email: str
    rehearsal: bool = False


def key(group_id: int, user_id: int, *, rehearsal: bool = False) -> str:
    """Whose series it is, as the log keeps it; those of rehearsals are other series."""
    return f"group_{group_id}/user_{user_id}{keys.mark(rehearsal)}"


def invite(calendar: Calendar) -> Invite:
    """The iTIP object, to the byte as it was first made."""
    return Invite(calendar["method"], calendar["ics"])


def next_request(
    held: Calendar | None,
    mine: Calendar | None,
    facts: Facts,
    meetings: tuple[Meeting, ...],
    wording: Wording,
    *,
    sequence: int | None = None,
) -> Calendar:
    """The invite that makes a member's calendar show the meetings to come.

    `held` is the newest version that may have arrived, `mine` what a former attempt at this delivery sent. It is sent
    again as it was while it is the newest: always where the delivery is of one `sequence`, else if it is still true.
    Raises TemporaryError when there is nothing to show, or a newer version went out meanwhile.
    """
    person, group = _both(facts)
    holds = itip.from_context(held) if held else None
    shown = holds if held and held["method"] == "REQUEST" else None
    wanted = itip.wanted(shown, (Occurrence(m.starts_at, m.duration, m.join_url) for m in meetings), facts.now)
    if mine and holds and mine["sequence"] == holds.sequence:
        true = not itip.differs(holds, wanted) and mine.get("address") == person.email
        if sequence is not None or (true and wanted):
            return mine
    if not wanted:
        raise TemporaryError("the group has no meeting to come")
    series = itip.Series(
        uid=holds.uid if holds else _uid(group, person, wording),
        sequence=_next(held, sequence),
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
    whose = key(group.group_id, person.user_id, rehearsal=wording.rehearsal)
    return _kept(itip.request(series), series, whose, person, group, held) | {"schedule": _word(meetings)}


def next_cancel(
    held: Calendar | None,
    mine: Calendar | None,
    facts: Facts,
    wording: Wording,
    *,
    leaving: bool,
    sequence: int | None = None,
) -> Calendar:
    """The iTIP CANCEL of the whole series; `leaving` when the series goes on without this member.

    Raises TemporaryError when there is no series to cancel, or a newer version went out meanwhile.
    """
    if held is None:
        raise TemporaryError("there is no invite to cancel")
    if mine and mine["sequence"] == held["sequence"]:
        return mine
    person, group = _both(facts)
    gone = replace(
        itip.from_context(held),
        sequence=_next(held, sequence),
        dtstamp=facts.now,
        organizer_email=wording.organizer_email,
        organizer_name=wording.organizer_name,
        attendee_email=wording.attendee_email,
        attendee_name=person.name,
        title=wording.title,
        description=wording.description,
    )
    return _kept(itip.cancel(gone, leaving=leaving), gone, held["series"], person, group, held)


def with_refused(context: dict[str, Any] | None, tried: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the log keeps when a provider refused the invite in `tried` for good: enough not to try it unchanged."""
    calendar = (tried or {}).get("calendar")
    if calendar is None:
        return context
    return (context or {}) | {"refused": {name: calendar[name] for name in _REFUSED}}


def named_group(facts: Facts, held: Mapping[str, Any] | None, group_id: int | None) -> Facts:
    """The facts with the group as it was called when its invite went out, if its row is gone since."""
    if facts.group is not None or held is None or group_id is None:
        return facts
    return replace(facts, group=Group(group_id, held["group_name"]))


def _uid(group: Group, person: Person, wording: Wording) -> str:
    domain = wording.organizer_email.partition("@")[2]
    return itip.uid(group.group_id, person.user_id, domain, rehearsal=wording.rehearsal)


def _next(held: Calendar | None, sequence: int | None) -> int:
    lowest = held["sequence"] + 1 if held else 0
    if sequence is not None and sequence < lowest:
        raise TemporaryError("a newer version of the calendar invite went out meanwhile")
    return lowest if sequence is None else sequence


def _kept(
    sent: Invite, series: itip.Series, whose: str, person: Person, group: Group, held: Calendar | None
) -> Calendar:
    end = max(one.starts_at + one.duration for one in series.occurrences)
    return itip.to_context(series) | {
        "series": whose,
        "method": sent.method,
        "ics": sent.ics,
        "address": person.email,
        "until": max(end, datetime.fromisoformat(held["until"]) if held else end).isoformat(),
        "group_name": group.name,
    }


def _word(meetings: Iterable[Meeting]) -> str:
    """As the rule for updates computes it from the tables; where the two disagreed it would look at each meeting."""
    lines = sorted(
        f"{int(m.starts_at.astimezone(UTC).replace(microsecond=0).timestamp())}/"
        f"{m.duration // timedelta(minutes=1)}/{m.join_url or ''}"
        for m in meetings
    )
    return hashlib.md5(",".join(lines).encode(), usedforsecurity=False).hexdigest()


def _both(facts: Facts) -> tuple[Person, Group]:
    if facts.person is None or facts.group is None:
        raise RecipientError("an invite needs a reader and a group")
    return facts.person, facts.group
