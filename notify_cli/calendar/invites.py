"""Versions of a member's series: what is sent, and what the row of notify.calendars says before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notify_cli import calendar as itip
from notify_cli.calendar.actions import Action, leaves
from notify_cli.calendar.held import Former, Held, Refused, occurrence, occurrences
from notify_cli.calendar.member import Member
from notify_cli.calendar.recurrence import keepable
from notify_cli.model import Invite, Meeting
from notify_cli.registry import CANCEL, Method


@dataclass(frozen=True, slots=True)
class Wording:
    """What an invite says: `title` and `description` from the messages file, `place` a URL, and who invites whom.

    `domain` makes the UIDs of new series unique in the world, `group_name` is what the group is called now, `zones` are
    those whose clocks its meetings may follow.
    """

    title: str
    description: str
    place: str
    organizer_email: str
    organizer_name: str
    attendee_email: str
    attendee_name: str
    domain: str
    group_name: str
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a series on its way. The row of notify.calendars is `after` from before the request on.

    `before` is what it goes back to if the request certainly did not arrive, `invite` is None for a direct message.
    `made_at` is when the version was put together, in these words.
    """

    before: Held
    after: Held
    invite: Invite | None
    made_at: datetime
    wording: Wording

    def leased(self, lease: timedelta) -> Version:
        """The same, to be looked at by nobody else for so long."""
        return replace(self, after=replace(self.after, busy_until=self.made_at + lease))

    def written(self) -> Version:
        """The same once the row has been written."""
        return replace(self, after=replace(self.after, revision=self.after.revision + 1))

    def delivered(self) -> Held:
        """The row once the provider took it; the next run looks whether anything else is left to be done."""
        after = replace(self.after, certain=True, known=(), ics=None, busy_until=None)
        until = max((one.ends_at for one in after.meetings), default=None)
        return replace(after, until=until, look_at=self.made_at)

    def unknown(self) -> Held:
        """The row if nobody can tell whether it arrived: it is repeated as it was, or followed by a newer one."""
        return replace(self.after, busy_until=None, look_at=self.made_at)

    def taken_back(self) -> Held:
        """The row if it certainly did not arrive."""
        return replace(self.before, revision=self.after.revision, busy_until=None, look_at=self.made_at)

    def refused(self) -> Held:
        """The row if a provider refused it for good: what was refused is not tried again unchanged."""
        back = self.taken_back()
        if self.after.method is None or self.after.address is None or self.after.plan is None:
            return back
        return replace(back, refused=Refused(self.after.method, self.after.address, self.after.plan))


def version(action: Action, member: Member, wording: Wording, now: datetime, *, leaving: bool = False) -> Version:
    """What an action sends, and what it makes of its row; `leaving` is for a series that goes on without the member."""
    row = action.row
    if action.repeats:
        ics = None if row.ics is None else Invite(row.method or "REQUEST", row.ics)
        return Version(row, row, ics, now, wording)
    if action.reminder_type == CANCEL:
        return _cancel(action, member, wording, now, leaving=leaving)
    meetings = _fitting(action.meetings, wording.zones, now) if action.medium is Method.EMAIL else action.meetings
    after = _after(action, member, wording, meetings, now)
    if action.medium is not Method.EMAIL:
        return Version(row, after, None, now, wording)
    key = row.key
    uid = row.uid or itip.uid(key.group_id, key.user_id, wording.domain, key.series, rehearsal=key.rehearsal)
    invite = itip.request(_series(uid, after, wording, now))
    gone = (Former(row.address or "", action.sequence - 1),) if leaves(row, member) else ()
    return Version(row, replace(after, uid=uid, ics=invite.ics, former=after.former + gone), invite, now, wording)


def at_former_address(action: Action, wording: Wording, *, leaving: bool = False) -> Invite:
    """The cancellation of a series where it was sent to before; the row does not change by it."""
    row = action.row
    made = row.dtstamp or action.due_at
    shown = replace(row, sequence=action.sequence)
    return itip.cancel(_series(row.uid or "", shown, wording, made), leaving=leaving)


def _cancel(action: Action, member: Member, wording: Wording, now: datetime, *, leaving: bool) -> Version:
    row = action.row
    after = replace(_after(action, member, wording, row.meetings, now), method="CANCEL", group_name=row.group_name)
    if action.medium is not Method.EMAIL:
        return Version(row, after, None, now, wording)
    invite = itip.cancel(_series(row.uid or "", after, wording, now), leaving=leaving)
    return Version(row, replace(after, ics=invite.ics), invite, now, wording)


def _after(action: Action, member: Member, wording: Wording, meetings: tuple[Meeting, ...], now: datetime) -> Held:
    row = action.row
    ends = [one.ends_at for one in meetings]
    return replace(
        row,
        sequence=action.sequence,
        method="REQUEST",
        medium=action.medium,
        certain=False,
        reminder_type=action.reminder_type,
        meetings=meetings,
        known=row.told if row.method == "REQUEST" else (),
        until=max([*ends, *([row.until] if row.until else [])], default=None),
        address=action.address,
        former=row.former_besides(action.address),
        refused=None,
        group_name=wording.group_name,
        dtstamp=now.replace(microsecond=0),
        ics=None,
        plan=member.plan,
        contact=member.contact,
        look_at=now,
        live_until=max([*ends, *([row.live_until] if row.live_until else [])], default=None),
        differs=None,
        differs_since=None,
    )


def _fitting(meetings: Sequence[Meeting], zones: Sequence[str], now: datetime) -> tuple[Meeting, ...]:
    """The meetings without those past ones that the rule of the others would show on a false day."""
    ahead = occurrences(tuple(one for one in meetings if one.ends_at > now))
    past = occurrences(tuple(one for one in meetings if one.ends_at <= now))
    kept = ahead | set(keepable(past, ahead, zones))
    return tuple(one for one in meetings if occurrence(one) in kept)


def _series(uid: str, shown: Held, wording: Wording, made: datetime) -> itip.Series:
    return itip.Series(
        uid=uid,
        sequence=shown.sequence,
        dtstamp=made,
        organizer_email=wording.organizer_email,
        organizer_name=wording.organizer_name,
        attendee_email=wording.attendee_email,
        attendee_name=wording.attendee_name,
        title=wording.title,
        description=wording.description,
        location=wording.place,
        url=wording.place,
        occurrences=tuple(occurrences(shown.meetings)),
        zones=wording.zones,
    )
