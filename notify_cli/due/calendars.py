"""The rule behind calendar_update and calendar_cancel, for groups in which some calendar may not be as it should be.

What is to be done about each of their members is decided in calendar/decision.py, meeting by meeting. What comes of it
goes through the frame of verdict.sql like what other rules find.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notify_cli import db, keys
from notify_cli.calendar.actions import Action
from notify_cli.calendar.decision import EARLY, Decision, decide
from notify_cli.calendar.held import Held, Key
from notify_cli.calendar.member import Member
from notify_cli.calendars import View, table
from notify_cli.due.policy import Policy
from notify_cli.due.sightings import Look, Sighting
from notify_cli.model import Meeting
from notify_cli.platform import contract, lookups, meetings
from notify_cli.registry import ASSIGNED, CANCEL, TYPES, UPDATE, Method

_NUMBERS = 50  # of versions that the log may have done with, one after the other


@dataclass(frozen=True, slots=True)
class Looking:
    """From where one looks, at whom (None: at all), and whether also at those whose calendar is as it should be.

    `explains` asks for what keeps a calendar as it is, too.
    """

    view: View
    user_ids: Collection[int] | None
    everyone: bool
    explains: bool


def examine(connection: db.Connection, asked: Collection[int], policy: Policy, looking: Looking) -> Look:
    """Look at the calendars of these groups.

    Raises DatabaseError, and ConfigError for views that do not fit.
    """
    view = looking.view
    found = table.of_groups(connection, asked, view, user_ids=looking.user_ids)
    flagged = [(member, ends) for member, ends in found if looking.everyone or _is_new(member, view.now)]
    if not flagged:
        return Look()
    contract.require(connection)  # from here on it is Python that takes times for what they should be
    now = lookups.clock(connection, view.now)
    by_group = meetings.of_groups(
        connection, {member.group_id for member, _ in flagged}, timedelta(minutes=view.meeting_minutes)
    )
    looker = _Looker(by_group, now, policy.settle, ASSIGNED not in policy.disabled, looking.explains)
    for member, ends in flagged:
        looker.look_at(member, ends)
    return Look(looker.found(connection), looker.rows, list(looker.cleared.values()), sorted(looker.assignable))


def _is_new(member: Member, now: datetime | None) -> bool:
    """Whether anything is not as it was when their calendar was last looked at."""
    if not member.held:
        return True
    return member.main.contact != member.contact or any(
        row.plan != member.plan or (row.look_at is not None and (now is None or row.look_at <= now))
        for row in member.held
    )


@dataclass(slots=True)
class _Looker:
    """Looks at one member after the other. `rows` are to be noted, `cleared` to be written whole."""

    meetings: Mapping[int, tuple[Meeting, ...]]
    now: datetime
    settle: timedelta
    assigns: bool
    explains: bool
    rows: list[Held] = field(default_factory=list)
    cleared: dict[Key, Held] = field(default_factory=dict)
    assignable: set[int] = field(default_factory=set)
    actions: list[tuple[Member, Action]] = field(default_factory=list)
    explained: list[Sighting] = field(default_factory=list)
    _group_id: int | None = None
    _decided: list[tuple[tuple[object, ...], Decision]] = field(default_factory=list)

    def look_at(self, member: Member, ends_at: datetime | None) -> None:
        """Find what is to be done about a member, and what to put down."""
        of_group = self.meetings.get(member.group_id, ())
        possible_at = _possible_at(member, of_group, self.now)
        if possible_at == self.now:
            self.assignable.add(member.group_id)
        decision = self._decide(member, of_group)
        self.actions += [(member, action) for action in decision.actions]
        if self.explains and not decision.actions:
            self._explain(member, decision, of_group)
        later = any(action.due_at > self.now for action in decision.actions)
        if later or not decision.is_due(self.now):
            self.rows += _noted(member, decision, ends_at, possible_at, self.now)

    def found(self, connection: db.Connection) -> list[Sighting]:
        """The candidates, each under a number with which the log has not done yet. Raises DatabaseError."""
        found = self.explained
        waiting = self.actions
        for _ in range(_NUMBERS):
            candidates = [_candidate(member, action) for member, action in waiting]
            noted = [_key(one, member.rehearsal) for one, (member, _) in zip(candidates, waiting, strict=True)]
            closed = table.closed(connection, noted)
            found += [one for one, key in zip(candidates, noted, strict=True) if key not in closed]
            done = [
                (member, _own(member, action), closed[key])
                for (member, action), key in zip(waiting, noted, strict=True)
                if key in closed
            ]
            for _, action, status in done:
                # two addresses that were given up are one row
                row = self.cleared.get(action.row.key, action.row)
                if action.cause == "former":
                    self.cleared[row.key] = _without(row, action.sequence)
                elif _has_arrived(action, status):
                    self.cleared[row.key] = _arrived(row, self.now)
            waiting = [
                (member, replace(action, sequence=action.sequence + 1, repeats=False))
                for member, action, status in done
                if action.cause != "former" and not _has_arrived(action, status)
            ]
            if not waiting:
                break
        return found

    def _decide(self, member: Member, of_group: Sequence[Meeting]) -> Decision:
        """What is to be done; once for all members of a group whose calendars are alike, see `_own`."""
        alike = _alike(member)
        if alike is None:
            return decide(member, of_group, self.now, settle=self.settle, assigns=self.assigns)
        if member.group_id != self._group_id:
            self._group_id, self._decided = member.group_id, []
        # compared, not hashed: what they have in common is mostly the same value
        decision = next((decided for known, decided in self._decided if known == alike), None)
        if decision is None:
            decision = decide(member, of_group, self.now, settle=self.settle, assigns=self.assigns)
            self._decided.append((alike, decision))
        return decision

    def _explain(self, member: Member, decision: Decision, of_group: Sequence[Meeting]) -> None:
        """Why nothing is sent; where nothing reaches somebody, the frame says why."""
        if member.email is None and not member.by_dm:
            reachable = replace(member, email=member.main.address or "@")
            reached = self._decide(reachable, of_group)
            if reached.actions:
                self.actions += [(reachable, action) for action in reached.actions]
                return
            decision = reached
        row = member.main
        if not member.belongs and (row.method is None or decision.verdict == "sent"):
            return
        note = decision.note
        if note == EARLY:
            note = f"{note}, and never invited: notify send group_assigned --user {member.user_id} does it"
        self.explained.append(
            Sighting(
                job_id=keys.job_id(TYPES[UPDATE], member.group_id),
                occurrence=keys.version(max(row.sequence, 0)),
                reminder_type=UPDATE if member.belongs else CANCEL,
                method=Method.EMAIL.value,
                user_id=member.user_id,
                group_id=member.group_id,
                due_at=self.now,
                useful_until=row.until or self.now,
                exclusion=decision.verdict,
                note=note,
                outlives_group=not member.belongs,
            )
        )


def _alike(member: Member) -> tuple[object, ...] | None:
    """All that a decision goes by, for a member whose one series is where their email goes, surely and as it was sent.

    Members of whom it is equal differ in who they are and in their address alone; None for any other member.
    """
    if len(member.held) != 1 or member.email is None:
        return None
    row = member.main
    plain = row.certain and row.refused is None and not row.former and row.medium is Method.EMAIL
    if not plain or not row.same_address(member.email):
        return None
    of_row = (row.uid is None, row.sequence, row.method, row.reminder_type, row.meetings, row.until)
    of_wait = (row.differs, row.differs_since, row.possible_at, member.plan, member.by_dm, member.told)
    of_stay = (member.is_active, member.group_is_active, member.has_channel, member.is_early)
    return (member.group_id, member.known_since, member.joined_at, *of_row, *of_wait, *of_stay)


def _own(member: Member, action: Action) -> Action:
    """The action for this member, decided about another whose calendar is alike, or about them."""
    series = action.row.key.series
    if action.row.key.user_id == member.user_id:
        return action
    row = member.main if series == member.main.key.series else None
    own = row or Held(Key(member.group_id, member.user_id, member.rehearsal, series))
    return replace(action, row=own, address=action.address and member.email)


def _candidate(member: Member, action: Action) -> Sighting:
    key = action.row.key
    kind = TYPES[action.reminder_type]
    return Sighting(
        job_id=keys.job_id(kind, key.group_id),
        occurrence=keys.version(action.sequence, key.series),
        reminder_type=action.reminder_type,
        method=action.medium.value,
        user_id=member.user_id,
        group_id=key.group_id,
        due_at=action.due_at,
        useful_until=action.useful_until,
        exclusion=None,
        note=None,
        outlives_group=kind.outlives_group,
        can_wait=not action.urgent,
    )


def _key(found: Sighting, rehearsal: bool) -> str:
    recipient = keys.recipient(found.user_id, found.group_id)
    return keys.notification_key(found.job_id, found.occurrence, found.method, recipient, rehearsal=rehearsal)


def _has_arrived(action: Action, status: str) -> bool:
    """Whether a version that was to be repeated is known to have arrived: by the provider's own records."""
    return action.repeats and status == "delivered"


def _arrived(row: Held, now: datetime) -> Held:
    """The row once it is known that its version arrived; the next run looks what is left to be done."""
    return replace(row, certain=True, known=(), ics=None, busy_until=None, look_at=now)


def _without(row: Held, sequence: int) -> Held:
    """The row once the series at a former address is cancelled under this number, or cannot be."""
    return replace(row, former=tuple(one for one in row.former if one.sequence != sequence))


def _possible_at(member: Member, of_group: Sequence[Meeting], now: datetime) -> datetime | None:
    """Since when the assignment to the group can be told, as far as that has to be put down."""
    known = member.main.possible_at
    if known is not None and (member.joined_at is None or known >= member.joined_at):
        return known
    is_new = member.known_since is not None and not member.is_early
    return now if is_new and member.can_be_told(of_group, now) else known


def _noted(
    member: Member, decision: Decision, ends_at: datetime | None, possible_at: datetime | None, now: datetime
) -> list[Held]:
    """The rows of a member with what was found, as far as it is not there already."""
    look_at = decision.look_at
    if member.contact == 0 and any(row.has_ahead(now) for row in member.held):
        # No row of the platform says any more whether something reaches them: nothing would tell of a change.
        look_at = now
    noted: list[Held] = []
    for row in member.held or (member.main,):
        later = [at for at in (row.live_until, row.until, ends_at) if at is not None]
        new = replace(
            row,
            live_until=max(later, default=None),
            differs=decision.differs,
            differs_since=decision.since,
            possible_at=possible_at if row.key.series == 0 else row.possible_at,
        )
        if not decision.is_due(now):
            new = replace(new, plan=member.plan, contact=member.contact, look_at=look_at)
        if new != row or not member.held:
            noted.append(new)
    return noted
