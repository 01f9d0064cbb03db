"""Messages that concern what calendars hold: which version of a series goes out, and what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from notify_cli import keys
from notify_cli.calendar import changes, invites
from notify_cli.calendar.actions import Action, assignment
from notify_cli.calendar.decision import decide
from notify_cli.calendar.invites import Version, Wording
from notify_cli.calendar.member import Member
from notify_cli.config import Settings
from notify_cli.delivery import Delivery
from notify_cli.errors import RecipientError, TemporaryError
from notify_cli.messages import links, render
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.model import Facts, Group, Invite, Meeting
from notify_cli.platform.tables import Tables
from notify_cli.registry import ASSIGNED, CANCEL, UPDATE, Method


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a delivery does to its reader's calendar, and the facts that its texts may tell.

    `version` is the version of a series that it carries, None where the row stays as it is. `key` is the identity of
    the message: where one delivery sends several versions, the later must not be taken for repetitions of the first.
    """

    facts: Facts
    action: Action
    member: Member
    key: str

    def email(
        self, to: str, section: Section, catalog: Catalog, settings: Settings, tables: Tables
    ) -> tuple[Invite | None, Version | None]:
        """The iTIP object of an email to this address, and the version that it is. Raises RecipientError."""
        wording = self._wording(to, section, catalog, settings, tables)
        leaving = self.action.cause in ("left", "former")
        if self.action.cause == "former":
            return invites.at_former_address(self.action, wording, leaving=leaving), None
        version = invites.version(self.action, self.member, wording, self.facts.now, leaving=leaving)
        return version.invite, version

    def told(self) -> Version:
        """The version that a direct message tells of."""
        group = self.facts.group
        wording = Wording("", "", "", "", "", "", "", "", group.name if group else "")
        return invites.version(self.action, self.member, wording, self.facts.now)

    def _wording(self, to: str, section: Section, catalog: Catalog, settings: Settings, tables: Tables) -> Wording:
        facts = self.facts
        title, description = render.invite_text(section, catalog, facts, settings)
        domain = settings.from_email.partition("@")[2]
        return Wording(
            title=title,
            description=description,
            place=links.discord_channel(facts, settings) or "",
            organizer_email=settings.from_email,
            organizer_name=settings.from_name,
            attendee_email=to,
            attendee_name=facts.person.name if facts.person else "",
            domain=f"{tables.installation}.{domain}" if tables.installation else domain,
            group_name=facts.group.name if facts.group else "",
            zones=tables.zones_of(self.member.group_id, facts.person),
        )


def of(delivery: Delivery, facts: Facts, tables: Tables) -> Invitation | None:
    """What a delivery of a type with an invite does to its reader's calendar; None where it does nothing to it.

    Raises TemporaryError when there is nothing to be done any more, RecipientError for a reader without a group.
    """
    if delivery.method.way.post:
        return None
    member = tables.calendars.get((delivery.group_id or 0, delivery.user_id or 0))
    if member is None:
        raise RecipientError("an invite needs a reader and a group")
    if delivery.method is not Method.EMAIL and delivery.reminder_type == ASSIGNED and member.email:
        return None
    meetings = tables.meetings.get(member.group_id, ())
    action = _action(delivery, member, meetings, facts)
    key = delivery.notification_key
    version = keys.version(action.sequence, action.row.key.series)
    if delivery.reminder_type == ASSIGNED and action.medium is Method.EMAIL and version != keys.version(0):
        key = f"{key}/{version}"
    return Invitation(_facts(facts, member, action, meetings), action, member, key)


def _action(delivery: Delivery, member: Member, meetings: Sequence[Meeting], facts: Facts) -> Action:
    if delivery.reminder_type == ASSIGNED:
        found = assignment(member, meetings, delivery.method, facts.now)
        if found is None:
            raise TemporaryError("the group has no meeting to come")
        return replace(found, address=facts.person.email if facts.person else None) if found.address is None else found
    # Whether it is time was decided when the delivery was found to be due.
    decision = decide(member, meetings, facts.now, settle=timedelta(0), assigns=False)
    version = keys.version_of(delivery.occurrence)
    for action in decision.actions:
        if (action.reminder_type, action.medium) != (delivery.reminder_type, delivery.method):
            continue
        if version is None:
            return action
        sequence, series = version
        if action.row.key.series != series or not _is_under(action, sequence):
            continue
        return replace(action, sequence=sequence, repeats=action.repeats and action.sequence == sequence)
    if version is not None:
        raise TemporaryError("the calendar has changed meanwhile")
    return _supposed(delivery, member, meetings, facts)


def _is_under(action: Action, sequence: int) -> bool:
    """Whether an action may go out under a number: numbers of the log may be ahead, but not for a former address."""
    if action.cause == "former":
        return sequence == action.sequence
    return sequence >= action.sequence and all(one.sequence != sequence for one in action.row.former)


def _supposed(delivery: Delivery, member: Member, meetings: Sequence[Meeting], facts: Facts) -> Action:
    """What a preview shows: the message as it would be if it were due now, though nothing is to be done."""
    row = member.main
    if delivery.reminder_type == CANCEL:
        if row.method is None:
            raise TemporaryError("there is no invite to cancel")
        return Action(row, CANCEL, delivery.method, row.sequence + 1, "left", row.meetings, facts.now, facts.now)
    found = assignment(member, meetings, delivery.method, facts.now)
    if found is None:
        raise TemporaryError("the group has no meeting to come")
    return replace(found, reminder_type=UPDATE, cause="changed" if row.method else "first")


def _facts(facts: Facts, member: Member, action: Action, meetings: Sequence[Meeting]) -> Facts:
    """The facts with what the reader does not know yet, and with the group as it was called when its row is gone."""
    group = facts.group
    held = action.row.group_name or member.main.group_name
    if held and (group is None or action.reminder_type == CANCEL):
        group = replace(group, name=held) if group else Group(member.group_id, held)
    news = changes.between(member.knows, tuple(meetings) if member.belongs else (), facts.now)
    mine = {one.meeting_id for one in (*action.row.told, *action.meetings)}
    mine_only = [one for one in news if {m.meeting_id for m in (one.before, one.after) if m} & mine]
    person = facts.person
    if action.address and person:
        person = replace(person, email=action.address)
    return replace(facts, group=group, person=person, changes=tuple(mine_only), cause=action.cause)
