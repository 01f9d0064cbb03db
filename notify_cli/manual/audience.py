"""Who a one-off message goes to, and the group, meeting or lesson that it is about: all read from the views."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notify_cli import db, keys, sql
from notify_cli.errors import UsageError
from notify_cli.manual.order import Order

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Need:
    """What a message is about: it cannot be sent without what is True; `a_group` means that one helps."""

    meeting: bool = False
    group: bool = False
    session: bool = False
    a_group: bool = False


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person, or (`user_id` None) a group's channel, with what the message is about as far as it is known."""

    user_id: int | None
    group_id: int | None = None
    meeting_id: int | None = None
    starts_at: datetime | None = None
    joined_at: datetime | None = None
    session_id: int | None = None


def resolve(connection: db.Connection, order: Order, need: Need, *, at: datetime, with_posts: bool) -> list[Addressee]:
    """Everyone the order is for, each once, in order of id; the channels of its groups first where `with_posts`.

    `at` is when the message goes out: what is next is next then. Raises UsageError, a line for each thing that is not
    there.
    """
    meeting = _meeting(connection, order, need)
    found = _recipients(connection, order, need, meeting, with_posts)
    if meeting is None and (need.group or need.meeting or need.a_group):
        found = _in_own_groups(connection, found, need, at)
    # A job id that merely mentions a meeting binds nobody to its group.
    merely_mentioned = meeting is not None and order.meeting_id is None and not need.meeting and not order.group_ids
    found = _of_members(connection, found, order, strict=not merely_mentioned)
    if need.meeting or meeting is not None:
        found = _about_meeting(connection, found, meeting, at)
    if need.session and order.job_id is None:
        found = _about_session(connection, found)
    return found


def named(user_ids: Iterable[int | None]) -> str:
    """`user_12, user_13 and 40 more`."""
    some = [f"user_{user_id}" for user_id in sorted({u for u in user_ids if u is not None})]
    return ", ".join(some[:5]) + (f" and {len(some) - 5} more" if len(some) > 5 else "")


def _meeting(connection: db.Connection, order: Order, need: Need) -> Any:
    """The meeting that is named, by id or by the job id; of one that a job id merely mentions it may not exist."""
    named_by_job = keys.named(order.job_id, "meeting")
    meeting_id = order.meeting_id or named_by_job
    if meeting_id is None:
        return None
    rows = _query(connection, "meetings", meeting_ids=[meeting_id])
    if rows:
        return rows[0]
    if order.meeting_id is None and not need.meeting:
        return None
    raise UsageError(f"there is no meeting {meeting_id}: `notify upcoming` shows the meetings with their ids")


def _recipients(connection: db.Connection, order: Order, need: Need, meeting: Any, with_posts: bool) -> list[Addressee]:
    about = meeting.group_id if meeting else None
    members = _groups(connection, order.group_ids)
    if about is not None and members and list(members) != [about]:
        raise UsageError(f"meeting {meeting.meeting_id} is of group {about}, not of {_groups_named(members)}")
    if order.user_ids:
        if len(members) > 1:
            raise UsageError("name one group that the message to these people is about")
        known = {row.user_id for row in _query(connection, "people", user_ids=list(order.user_ids))}
        _complain(set(order.user_ids) - known, order, "no user {}, or the account was deleted", known)
        named_by_job = keys.named(order.job_id, "group") if need.group else None
        group_id = next(iter(members), about or named_by_job)
        return [Addressee(user_id, group_id) for user_id in sorted(known & set(order.user_ids))]
    if members:
        posts = [Addressee(None, group_id) for group_id in members] if with_posts else []
        people = {user_id: group_id for group_id, user_ids in reversed(members.items()) for user_id in user_ids}
        if not people and not posts:
            raise UsageError(f"{_groups_named(members)} has no active member")
        return posts + [Addressee(user_id, people[user_id]) for user_id in sorted(people)]
    return [Addressee(user_id, about) for user_id in _cohorts(connection, order.cohort_ids)]


def _groups(connection: db.Connection, group_ids: Sequence[int]) -> dict[int, list[int]]:
    rows = {row.group_id: row for row in _query(connection, "groups", group_ids=list(group_ids))}
    faults = [f"there is no group {group_id}" for group_id in group_ids if group_id not in rows]
    ended = [row.group_id for row in rows.values() if not row.active]
    faults += [f"group {group_id} is not active, or its cohort is not: it gets nothing" for group_id in ended]
    if faults:
        raise UsageError(*faults)
    return {group_id: rows[group_id].user_ids for group_id in group_ids}


def _cohorts(connection: db.Connection, cohort_ids: Sequence[int]) -> list[int]:
    rows = {row.cohort_id: row for row in _query(connection, "cohorts", cohort_ids=list(cohort_ids))}
    faults = [
        f"there is no cohort {cohort_id} in which anybody is enrolled"
        for cohort_id in cohort_ids
        if cohort_id not in rows
    ]
    faults += [f"cohort {row.cohort_id} is not active: it gets nothing" for row in rows.values() if not row.active]
    if not faults and cohort_ids and not any(row.user_ids for row in rows.values()):
        faults.append("nobody in this cohort has an account any more")
    if faults:
        raise UsageError(*faults)
    return sorted({user_id for row in rows.values() for user_id in row.user_ids})


def _in_own_groups(connection: db.Connection, found: list[Addressee], need: Need, at: datetime) -> list[Addressee]:
    """Those without a group get their own; who has none is a fault only where the message cannot do without."""
    homeless = [a.user_id for a in found if a.group_id is None and a.user_id is not None]
    rows = _query(connection, "own_groups", user_ids=homeless, at=at, joined_last=need.group)
    own = {row.user_id: row.group_id for row in rows}
    lost = set(homeless) - own.keys()
    if lost and (need.group or need.meeting):
        raise UsageError(f"in no active group, which this message is about: {named(lost)}")
    return [replace(a, group_id=own.get(a.user_id or 0)) if a.group_id is None else a for a in found]


def _of_members(connection: db.Connection, found: list[Addressee], order: Order, *, strict: bool) -> list[Addressee]:
    """With the time of joining; who is not in the group that it is about does not get it, or not as a member."""
    in_groups = [a for a in found if a.user_id is not None and a.group_id is not None]
    people = sorted({a.user_id for a in in_groups if a.user_id is not None})
    groups = sorted({a.group_id for a in in_groups if a.group_id is not None})
    rows = _query(connection, "stays", user_ids=people, group_ids=groups)
    stays = {(row.user_id, row.group_id): row.joined_at for row in rows}
    strangers = {a for a in in_groups if (a.user_id, a.group_id) not in stays}
    if not strict:
        return [replace(a, group_id=None) if a in strangers else a for a in found]
    members = [replace(a, joined_at=stays.get((a.user_id or 0, a.group_id or 0))) for a in found if a not in strangers]
    where = _groups_named({a.group_id for a in strangers if a.group_id is not None})
    _complain({a.user_id for a in strangers}, order, f"not in {where}: user {{}}", members)
    return members


def _about_meeting(connection: db.Connection, found: list[Addressee], meeting: Any, at: datetime) -> list[Addressee]:
    if meeting is not None:
        its_own = {"meeting_id": meeting.meeting_id, "starts_at": meeting.starts_at}
        return [replace(a, **its_own) if a.group_id == meeting.group_id else a for a in found]
    groups = sorted({a.group_id for a in found if a.group_id is not None})
    rows = {row.group_id: row for row in _query(connection, "next_meetings", group_ids=groups, at=at)}
    lacking = [group_id for group_id in groups if group_id not in rows]
    if lacking:
        raise UsageError(f"no meeting to come that this message could be about: {_groups_named(lacking)}")
    return [replace(a, meeting_id=(row := rows[a.group_id or 0]).meeting_id, starts_at=row.starts_at) for a in found]


def _about_session(connection: db.Connection, found: list[Addressee]) -> list[Addressee]:
    people = [a.user_id for a in found if a.user_id is not None]
    sessions = {row.user_id: row.session_id for row in _query(connection, "trials", user_ids=people)}
    lacking = set(people) - sessions.keys()
    if lacking:
        raise UsageError(f"no unfinished lesson that this message could be about: {named(lacking)}")
    return [replace(a, session_id=sessions[a.user_id or 0]) for a in found]


def _complain(absent: Collection[int | None], order: Order, form: str, left: Collection[object]) -> None:
    """An error for who is not there; a forgiving order has one only when nobody is left."""
    if absent and not (order.forgiving and left):
        some = named(absent).replace("user_", "")
        raise UsageError(form.format(some))


def _groups_named(group_ids: Iterable[int]) -> str:
    return ", ".join(f"group {group_id}" for group_id in sorted(group_ids))


def _query(connection: db.Connection, name: str, **params: Any) -> list[Any]:
    """The rows of a .sql file; none, and no round trip, where there is nobody to ask about."""
    if [] in params.values():
        return []
    return db.rows(connection, _SQL(name), params)
