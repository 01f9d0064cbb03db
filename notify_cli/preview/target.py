"""Whom a preview is for and what it is about: sample data, or somebody real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli.errors import UsageError
from notify_cli.messages.subject import NO_GROUP, NO_MEETING, NO_SESSION, SubjectNeeds
from notify_cli.model import Person
from notify_cli.preview import sample

if TYPE_CHECKING:
    from notify_cli import db
    from notify_cli.platform.groups import OwnGroup, Roster
    from notify_cli.platform.meetings import Appointment


@dataclass(frozen=True, slots=True)
class Target:
    """The reader, group, meeting and trial session of a preview, by their ids; `words` names them.

    `choice` says which group it is about where the reader is in several, `lacks` why `notify send` has nothing that it
    could be about for this reader.
    """

    user_id: int | None
    group_id: int | None
    meeting_id: int | None
    session_id: int | None
    words: str
    choice: str = ""
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """What was named on the command line, by ids."""

    user_id: int | None = None
    group_id: int | None = None
    meeting_id: int | None = None


SAMPLE = Target(sample.USER_ID, sample.GROUP_ID, sample.MEETING_ID, sample.SESSION_ID, "sample data")


def find(
    connection: db.Connection, reminder_type: str, needs: SubjectNeeds, named: Named, *, now: datetime | None = None
) -> Target:
    """Whoever was named, completed as `notify send` does it: a person by their own group, that by its next meeting.

    A group or meeting without a person is shown as the first of its members would get it. Raises UsageError for an id
    that is not there, DatabaseError.
    """
    # here: a preview with sample data needs no database
    from notify_cli.platform import groups, lessons, lookups, meetings, people

    at = lookups.clock(connection, now)
    reader = people.by_id(connection, [named.user_id]).get(named.user_id) if named.user_id is not None else None
    meeting = meetings.find(connection, named.meeting_id) if named.meeting_id is not None else None
    group_id = named.group_id if named.group_id is not None or meeting is None else meeting.group_id
    own: OwnGroup | None = None
    if group_id is None and reader is not None and needs.own_group:
        own = groups.own(connection, [reader.user_id], reminder_type, at=at).get(reader.user_id)
        group_id = own.stay.group_id if own else None
    roster = groups.by_id(connection, [group_id]).get(group_id) if group_id is not None else None
    _refuse_unknown(named, reader, roster, meeting)
    if reader is None and roster is not None and roster.members:
        first, _ = roster.members[0]
        reader = people.by_id(connection, [first]).get(first)
    if needs.meeting and meeting is None and roster is not None:
        meeting = meetings.next_of(connection, [roster.group.group_id], at).get(roster.group.group_id)
    sessions = lessons.trial_sessions(connection, [reader.user_id]) if needs.session and reader else {}
    return _target(needs, reader, roster, meeting, sessions, own)


def _target(
    needs: SubjectNeeds,
    reader: Person | None,
    roster: Roster | None,
    meeting: Appointment | None,
    sessions: dict[int, int],
    own: OwnGroup | None,
) -> Target:
    lacking = [
        NO_GROUP if (needs.group or needs.meeting) and roster is None else "",
        NO_MEETING if needs.meeting and meeting is None else "",
        NO_SESSION if needs.session and not sessions else "",
    ]
    if needs.group:
        meeting = None  # an invitation is to all of a group's meetings
    parts = [
        f"{reader.name} (user_{reader.user_id})" if reader else "",
        f"{roster.group.name} (group_{roster.group.group_id})" if roster else "",
        f"meeting {meeting.meeting_id}" if meeting and roster else "",
    ]
    words = ", ".join(filter(None, parts))
    alternatives = own.alternatives(reader.name) if own and reader else ""
    return Target(
        user_id=reader.user_id if reader else None,
        group_id=roster.group.group_id if roster else None,
        meeting_id=meeting.meeting_id if meeting else None,
        session_id=sessions.get(reader.user_id) if reader else None,
        words="; ".join(filter(None, [words, alternatives])),
        choice=own.choice(reader.name) if own and reader else "",
        lacks=next(filter(None, lacking), ""),
    )


def _refuse_unknown(named: Named, reader: Person | None, roster: Roster | None, meeting: Appointment | None) -> None:
    if named.user_id is not None and reader is None:
        raise UsageError(f"there is no user {named.user_id}, or the account was deleted")
    if named.group_id is not None and roster is None:
        raise UsageError(f"there is no group {named.group_id}")
    if named.meeting_id is not None and meeting is None:
        raise UsageError(f"there is no meeting {named.meeting_id}")
    if named.group_id is not None and meeting is not None and meeting.group_id != named.group_id:
        of = f"not one of group {named.group_id}, but of group {meeting.group_id}"
        raise UsageError(f"meeting {meeting.meeting_id} is {of}")
