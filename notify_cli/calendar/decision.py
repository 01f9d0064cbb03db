"""Whether a member's calendar is as it should be, and if not, what puts it right: one pure function, `decide`.

Nothing here asks how a difference came about. The meetings to come belong into the calendar of each active member, the
past ones stay as long as they are in the table; whoever shows something else is out of date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notify_cli.calendar import changes
from notify_cli.calendar.actions import Action, by_dm, by_email, is_refused
from notify_cli.calendar.member import Member
from notify_cli.model import Meeting
from notify_cli.registry import CANCEL

URGENT = timedelta(hours=3)  # a change of a meeting so near does not wait until it has stood

EARLY = "joined before notify was installed"  # the note about who is not invited by itself

_GONE = -1  # the plan of who is no member any more


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about one member; `verdict` and `note` say why, where it is nothing.

    `look_at` is when to look again though the tables stay as they are, None for never. `differs` is the plan that the
    calendar does not show yet, which has stood since `since`.
    """

    actions: tuple[Action, ...] = ()
    verdict: str = "sent"
    note: str = "the calendar shows the meetings as they are"
    look_at: datetime | None = None
    differs: int | None = None
    since: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether anything of it goes out now."""
        return any(action.due_at <= now for action in self.actions)


def decide(
    member: Member, meetings: Sequence[Meeting], now: datetime, *, settle: timedelta, assigns: bool = True
) -> Decision:
    """What is to be done about a member's calendar, given all meetings of the group.

    A change goes out when it has stood for `settle`. `assigns` is whether assignments to groups are told at all.
    """
    busy = [row.busy_until for row in member.held if not row.certain and row.busy_until and row.busy_until > now]
    if busy:
        return Decision((), "not_applicable", "a version is being sent at this moment", max(busy))
    if member.email is None and not member.by_dm:
        return Decision((), "not_applicable", "neither email nor a direct message reaches them")
    waits_until = member.waits_until(meetings, now) if assigns else None
    if waits_until is not None:
        return Decision((), "not_applicable", "the invitation itself is still to come", waits_until)
    if not any(row.method for row in member.held):
        if member.is_early:
            return Decision((), "not_applicable", EARLY)
        if not member.is_assignable(meetings, now):
            return Decision((), "not_applicable", "the assignment to the group cannot be told yet")
    shown = member.wanted(meetings, now)
    drafts = by_email(member, shown, now) if member.email else by_dm(member, shown, now)
    actions = [draft for draft in drafts if not _in_vain(draft, member)]
    if drafts and not actions and member.by_dm and member.email:
        actions = by_dm(member, shown, now)
    if drafts and not actions:
        return Decision((), "failed", "the provider refused it as it is")
    return _timed(member, meetings, now, settle, actions)


def _timed(
    member: Member, meetings: Sequence[Meeting], now: datetime, settle: timedelta, actions: list[Action]
) -> Decision:
    """The actions at their time: a change of meetings waits until it has stood, everything else goes at once."""
    if not actions:
        return Decision()
    differs = member.plan if member.belongs else _GONE
    main = member.main
    since = main.differs_since if main.differs == differs and main.differs_since else now
    urgent = _is_urgent(member, meetings, now)
    due_at = now if urgent else max(now, since + settle)
    waits = ("changed", "left", "ended", "cleared", "merged")
    timed = tuple(
        replace(one, urgent=urgent, due_at=due_at if one.cause in waits and not one.repeats else one.due_at)
        for one in actions
    )
    look_at = min(one.due_at for one in timed)
    return Decision(timed, "will_send", "", look_at, differs, since)


def _is_urgent(member: Member, meetings: Sequence[Meeting], now: datetime) -> bool:
    """Whether what changed touches a meeting that is going on or near, as it was or as it is."""
    until = now + URGENT
    there = tuple(meetings) if member.belongs else ()
    known = (one for row in member.held for one in row.told)
    if not any(one.touches(now, until) for one in (*there, *known)):
        return False  # nothing is so near: what changed need not be found out
    return any(one.touches(now, until) for one in changes.between(member.knows, there, now))


def _in_vain(action: Action, member: Member) -> bool:
    """Whether just this was refused for good, or counted as done: it does not go out unchanged."""
    if action.cause == "former":
        return False
    if action.reminder_type == CANCEL:
        return is_refused(action.row, "CANCEL", action.address or "")
    return is_refused(action.row, "REQUEST", action.address or "", member.plan)
