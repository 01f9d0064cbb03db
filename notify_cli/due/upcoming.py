"""What will go out: the candidates of the rules, and the stored messages, whose time comes within a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from notify_cli import db, due, keys
from notify_cli.delivery import Delivery
from notify_cli.platform import groups, people


class Upcoming(list[Delivery]):
    """Deliveries to come, and in `faults` what is wrong with a course file that decides on others, a line each."""

    faults: tuple[str, ...] = ()


def deliveries(
    connection: db.Connection,
    policy: due.Policy,
    *,
    within: timedelta,
    user_id: int | None = None,
    group_id: int | None = None,
    meeting_id: int | None = None,
    now: datetime | None = None,
) -> Upcoming:
    """What goes out from now on, as the tables are now, in the order of time, posts first and people by number.

    Raises DatabaseError, ConfigError.
    """
    window = due.Window(
        now,
        within,
        user_ids=None if user_id is None else [user_id],
        group_ids=None if group_id is None else [group_id],
        meeting_ids=None if meeting_id is None else [meeting_id],
    )
    found = due.find(connection, window, policy, verdicts=due.TO_COME, free_only=False)
    coming = Upcoming(candidate.delivery for candidate in found)
    coming.sort(key=lambda d: (d.due_at, d.reminder_type, d.job_id, d.user_id or 0, d.group_id or 0, d.method.value))
    coming.faults = found.faults
    return coming


def names(connection: db.Connection, found: Iterable[Delivery]) -> dict[str, str]:
    """What the recipients, and the groups that messages are about, are called: by `user_1`, `group_7`.

    Raises DatabaseError.
    """
    deliveries = list(found)
    readers = people.by_id(connection, (d.user_id for d in deliveries if d.user_id is not None))
    about = (d.group_id for d in deliveries if d.group_id is not None)
    called = {keys.recipient(user_id, None): person.name for user_id, person in readers.items()}
    rosters = groups.by_id(connection, about)
    return called | {keys.recipient(None, group_id): roster.group.name for group_id, roster in rosters.items()}
