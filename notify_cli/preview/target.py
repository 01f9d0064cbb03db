"""Whom a preview is for and what it is about: sample data, or somebody real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notify_cli import db, sql
from notify_cli.errors import UsageError
from notify_cli.preview import sample

_SQL = sql.Folder(__file__)


@dataclass(frozen=True, slots=True)
class Target:
    """The reader, group, meeting and trial session of a preview, by their ids; `words` names them."""

    user_id: int | None
    group_id: int | None
    meeting_id: int | None
    session_id: int | None
    words: str


SAMPLE = Target(sample.USER_ID, sample.GROUP_ID, sample.MEETING_ID, sample.SESSION_ID, "sample data")


def find(
    connection: db.Connection, user_id: int | None, group_id: int | None, meeting_id: int | None, now: datetime | None
) -> Target:
    """Whoever was named, completed: a person by their group, a group by its next meeting and one of its members.

    Raises UsageError for an id that is not there, DatabaseError.
    """
    params = {"user_id": user_id, "group_id": group_id, "meeting_id": meeting_id, "now": now}
    row = db.rows(connection, _SQL("target"), params)[0]
    if user_id is not None and row.user_id is None:
        raise UsageError(f"there is no user {user_id}, or the account was deleted")
    if group_id is not None and row.group_id is None:
        raise UsageError(f"there is no group {group_id}")
    if meeting_id is not None and row.meeting_group_id is None:
        raise UsageError(f"there is no meeting {meeting_id}")
    if meeting_id is not None and row.meeting_group_id != row.group_id:
        raise UsageError(f"meeting {meeting_id} is not one of group {group_id}, but of group {row.meeting_group_id}")
    named = [
        f"{row.reader} (user_{row.user_id})" if row.user_id else "",
        f"{row.group_name} (group_{row.group_id})" if row.group_id else "",
        f"meeting {row.meeting_id}" if row.meeting_id and row.group_id else "",
    ]
    return Target(row.user_id, row.group_id, row.meeting_id, row.session_id, ", ".join(filter(None, named)))
