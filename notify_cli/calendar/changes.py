"""What changed between the meetings that somebody knows of and those that there are."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from notify_cli.calendar.held import whole
from notify_cli.model import Change, ChangeKind, Meeting


@lru_cache(maxsize=256)  # the members of a group know the same
def between(known: tuple[Meeting, ...], meetings: tuple[Meeting, ...], now: datetime) -> tuple[Change, ...]:
    """What somebody who knows of the meetings `known` has to be told, in the order of time.

    `meetings` are all of the group. Those that are over are no news, unless they were moved or removed. A row that was
    deleted and made anew for the same time is the same meeting.
    """
    before = {one.meeting_id: one for one in known}
    after = {one.meeting_id: one for one in meetings}
    pairs = [(before.pop(i), after.pop(i)) for i in before.keys() & after.keys()]
    again = {one.starts_at: one for one in after.values()}
    for one in list(before.values()):
        if (same := again.pop(one.starts_at, None)) is not None:
            pairs.append((before.pop(one.meeting_id), after.pop(same.meeting_id)))
    starts = {one.starts_at for one in meetings}
    found = [change for was, one in pairs if (change := _changed(was, one)) is not None]
    # Of two rows for one time, which a calendar shows as one, either may go.
    found += [Change("removed", one, None) for one in before.values() if one.starts_at not in starts]
    shown = {was.starts_at for was, _ in pairs}
    found += [Change("added", None, one) for one in after.values() if one.ends_at > now and one.starts_at not in shown]
    return tuple(sorted(found, key=lambda change: (change.at, change.kind, change.number or 0)))


def _changed(before: Meeting, after: Meeting) -> Change | None:
    kind: ChangeKind
    if whole(before.starts_at) != whole(after.starts_at):
        kind = "moved"
    elif before.duration != after.duration:
        kind = "length"
    elif (before.join_url or None) != (after.join_url or None):
        kind = "link"
    else:
        return None
    return Change(kind, before, after)
