"""Who a one-off message goes to, and the group, meeting or lesson that it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notify_cli import db, keys
from notify_cli.errors import UsageError
from notify_cli.manual.order import Order, some_of
from notify_cli.messages.subject import NO_GROUP, NO_MEETING, NO_SESSION, SubjectNeeds
from notify_cli.platform import enrolments, groups, lessons, meetings, people
from notify_cli.platform.groups import OwnGroup
from notify_cli.platform.meetings import Appointment


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, or (`user_id` None) a group's channel, with what the message is about as far as it is known.

    `own_group` is there where nobody named a group, and it was looked up.
    """

    user_id: int | None
    group_id: int | None = None
    meeting_id: int | None = None
    starts_at: datetime | None = None
    joined_at: datetime | None = None
    session_id: int | None = None
    own_group: OwnGroup | None = None


def resolve(
    connection: db.Connection, order: Order, needs: SubjectNeeds, *, at: datetime, with_posts: bool
) -> list[Addressee]:
    """Everyone the order is for, each once, in order of id; the channels of its groups first where `with_posts`.

    `at` is when the message goes out: what is next is next then. Raises UsageError, a line for each thing that is not
    there.
    """
    meeting = _meeting(connection, order, needs)
    found = _recipients(connection, order, needs, meeting, with_posts)
    if meeting is None and needs.own_group:
        found = _in_own_groups(connection, found, order, needs, at)
    # A meeting that was only parsed from --job-id must not filter by membership: it may have nothing to do with them.
    only_parsed = meeting is not None and order.meeting_id is None and not needs.meeting and not order.group_ids
    found = _of_members(connection, found, order, strict=not only_parsed)
    if needs.meeting or meeting is not None:
        found = _about_meeting(connection, found, meeting, at)
    if needs.session and order.job_id is None:
        found = _about_session(connection, found)
    return found


def _meeting(connection: db.Connection, order: Order, needs: SubjectNeeds) -> Appointment | None:
    """The meeting that is named, by id or by the job id; one that only the job id names may not exist."""
    meeting_id = order.meeting_id or keys.named(order.job_id, "meeting")
    found = None if meeting_id is None else meetings.find(connection, meeting_id)
    if found is None and meeting_id is not None and (order.meeting_id is not None or needs.meeting):
        raise UsageError(f"there is no meeting {meeting_id}: `notify upcoming` shows the meetings with their ids")
    return found


def _recipients(
    connection: db.Connection, order: Order, needs: SubjectNeeds, meeting: Appointment | None, with_posts: bool
) -> list[Addressee]:
    about = meeting.group_id if meeting else None
    members = _groups(connection, order.group_ids)
    if meeting and members and list(members) != [about]:
        raise UsageError(f"meeting {meeting.meeting_id} is of group {about}, not of {_groups_named(members)}")
    if order.user_ids:
        if len(members) > 1:
            raise UsageError("name one group that the message to these people is about")
        known = people.by_id(connection, order.user_ids).keys()
        _complain(set(order.user_ids) - known, order, "no user {}, or the account was deleted", known)
        named_by_job = keys.named(order.job_id, "group") if needs.group else None
        group_id = next(iter(members), about or named_by_job)
        return [Addressee(user_id, group_id) for user_id in sorted(known)]
    if members:
        posts = [Addressee(None, group_id) for group_id in members] if with_posts else []
        readers = {user_id: group_id for group_id, user_ids in reversed(members.items()) for user_id in user_ids}
        if not readers and not posts:
            raise UsageError(f"{_groups_named(members)} has no active member")
        return posts + [Addressee(user_id, readers[user_id]) for user_id in sorted(readers)]
    return [Addressee(user_id, about) for user_id in _cohorts(connection, order.cohort_ids)]


def _groups(connection: db.Connection, group_ids: Sequence[int]) -> dict[int, list[int]]:
    """The members of the groups, in the order in which the groups were named."""
    found = groups.by_id(connection, group_ids)
    faults = [f"there is no group {group_id}" for group_id in group_ids if group_id not in found]
    ended = sorted(group_id for group_id, roster in found.items() if not roster.active)
    faults += [f"group {group_id} is not active, or its cohort is not: it gets nothing" for group_id in ended]
    if faults:
        raise UsageError(*faults)
    return {group_id: [user_id for user_id, _ in found[group_id].members] for group_id in group_ids}


def _cohorts(connection: db.Connection, cohort_ids: Sequence[int]) -> list[int]:
    found = enrolments.cohorts(connection, cohort_ids)
    faults = [
        f"there is no cohort {cohort_id} in which anybody is enrolled"
        for cohort_id in cohort_ids
        if cohort_id not in found
    ]
    faults += [f"cohort {one.cohort_id} is not active: it gets nothing" for one in found.values() if not one.active]
    if not faults and cohort_ids and not any(one.user_ids for one in found.values()):
        faults.append("nobody in this cohort has an account any more")
    if faults:
        raise UsageError(*faults)
    return sorted({user_id for one in found.values() for user_id in one.user_ids})


def _in_own_groups(
    connection: db.Connection, found: list[Addressee], order: Order, needs: SubjectNeeds, at: datetime
) -> list[Addressee]:
    """Those without a group get their own; who has none is a fault only where the message cannot do without."""
    without = [a.user_id for a in found if a.group_id is None and a.user_id is not None]
    own = groups.own(connection, without, order.reminder_type, at=at)
    lost = set(without) - own.keys()
    if lost and (needs.group or needs.meeting):
        raise UsageError(f"{NO_GROUP}: {_users_named(lost)}")
    return [
        replace(a, group_id=theirs.stay.group_id, own_group=theirs)
        if a.group_id is None and (theirs := own.get(a.user_id or 0))
        else a
        for a in found
    ]


def _of_members(connection: db.Connection, found: list[Addressee], order: Order, *, strict: bool) -> list[Addressee]:
    """With the time of joining; who is not in the group that it is about does not get it, or not as a member."""
    in_groups = [a for a in found if a.user_id is not None and a.group_id is not None]
    stays = groups.stays(connection, (a.user_id for a in in_groups if a.user_id is not None))
    joined = {(stay.user_id, stay.group_id): stay.joined_at for stay in stays if stay.active}
    strangers = {a for a in in_groups if (a.user_id, a.group_id) not in joined}
    if not strict:
        return [replace(a, group_id=None) if a in strangers else a for a in found]
    members = [replace(a, joined_at=joined.get((a.user_id or 0, a.group_id or 0))) for a in found if a not in strangers]
    where = _groups_named({a.group_id for a in strangers if a.group_id is not None})
    _complain({a.user_id for a in strangers}, order, f"not in {where}: user {{}}", members)
    return members


def _about_meeting(
    connection: db.Connection, found: list[Addressee], meeting: Appointment | None, at: datetime
) -> list[Addressee]:
    if meeting is not None:
        return [_at(a, meeting) if a.group_id == meeting.group_id else a for a in found]
    wanted = sorted({a.group_id for a in found if a.group_id is not None})
    ahead = meetings.next_of(connection, wanted, at)
    lacking = [group_id for group_id in wanted if group_id not in ahead]
    if lacking:
        raise UsageError(f"{NO_MEETING}: {_groups_named(lacking)}")
    return [_at(a, ahead[a.group_id or 0]) for a in found]


def _at(addressee: Addressee, meeting: Appointment) -> Addressee:
    return replace(addressee, meeting_id=meeting.meeting_id, starts_at=meeting.starts_at)


def _about_session(connection: db.Connection, found: list[Addressee]) -> list[Addressee]:
    asked = [a.user_id for a in found if a.user_id is not None]
    sessions = lessons.trial_sessions(connection, asked)
    lacking = set(asked) - sessions.keys()
    if lacking:
        raise UsageError(f"{NO_SESSION}: {_users_named(lacking)}")
    return [replace(a, session_id=sessions[a.user_id or 0]) for a in found]


def _complain(absent: Collection[int | None], order: Order, form: str, left: Collection[object]) -> None:
    """An error for who is not there; a forgiving order has one only when nobody is left."""
    if absent and not (order.forgiving and left):
        raise UsageError(form.format(some_of(sorted(user_id for user_id in absent if user_id is not None))))


def _users_named(user_ids: Iterable[int]) -> str:
    return some_of([keys.recipient(user_id, None) for user_id in sorted(user_ids)])


def _groups_named(group_ids: Iterable[int]) -> str:
    return ", ".join(f"group {group_id}" for group_id in sorted(group_ids))
