"""A baseline: what is due counts as done, without being sent. After a restore, on a clone, for a first day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notify_cli import db, due, keys, sql
from notify_cli.calendar.held import Held, ItipMethod, Refused
from notify_cli.calendar.member import Member
from notify_cli.calendars import View, table
from notify_cli.delivery import Delivery
from notify_cli.log import baselines
from notify_cli.registry import CANCEL, UPDATE, Method, has_invite

_SQL = sql.Folder(__file__)
# By how much the numbers of calendars go on where a restore may have made some unknown: more than any has in its life.
_NUMBERS_SKIPPED = 1000


def due_before(
    connection: db.Connection,
    policy: due.Policy,
    *,
    before: datetime | None = None,
    types: Collection[str] | None = None,
) -> list[Delivery]:
    """What is due before an aware time (None: by now) and would still go out, of these types. Raises DatabaseError."""
    ahead = timedelta() if before is None else max(timedelta(), before - datetime.now(UTC))
    found = due.find(connection, due.Window(within=ahead), policy, types=types, verdicts=due.TO_COME, free_only=False)
    deliveries = [candidate.delivery for candidate in found]
    return deliveries if before is None else [one for one in deliveries if one.due_at < before]


def count(
    connection: db.Connection,
    deliveries: list[Delivery],
    policy: due.Policy,
    *,
    types: Collection[str] | None = None,
    now: datetime | None = None,
) -> list[Delivery]:
    """Count these as done, and return those that were counted: not what is being sent at this moment.

    Calendars stay as they are until the meetings change again. Where updates of calendars are among the `types` (None:
    all), the next versions of all series get numbers that no calendar can have seen. Where all types are counted, what
    passed unsent before now is not put down as missed. Raises DatabaseError.
    """
    name = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    with db.errors(), connection.transaction():
        written = set(baselines.write(connection, deliveries, name))
        counted = [one for one in deliveries if one.notification_key in written]
        _leave_calendars(
            connection,
            [one for one in counted if _concerns_calendar(one)],
            View(now, policy.rehearsal, policy.meeting_minutes),
        )
        if types is None or UPDATE in types:
            table.skip_numbers(connection, _NUMBERS_SKIPPED, rehearsal=policy.rehearsal)
        if types is None and not policy.rehearsal:
            # what passed unsent until now counts as done as well: after a restore nobody knows that it was sent
            db.execute(connection, _SQL("sweeps_until_now"), {"now": now})
    return counted


def undo(connection: db.Connection, *, rehearsal: bool = False) -> int:
    """Take back the last baseline; returns how many messages are due again, or wait again. Raises DatabaseError."""
    with db.errors(), connection.transaction():
        taken_back = baselines.undo(connection, rehearsal=rehearsal)
        members = [found for key in taken_back if (found := keys.group_and_user(key)) is not None]
        table.forget_refusals(connection, members, rehearsal=rehearsal)
    return len(taken_back)


def _concerns_calendar(delivery: Delivery) -> bool:
    return has_invite(delivery.reminder_type) and delivery.group_id is not None and delivery.user_id is not None


def _leave_calendars(connection: db.Connection, counted: list[Delivery], view: View) -> None:
    """What was counted is not sent under another number: as if it had been refused as it is."""
    group_ids = sorted({one.group_id for one in counted if one.group_id is not None})
    members = {(found.group_id, found.user_id): found for found, _ in table.of_groups(connection, group_ids, view)}
    rows: dict[tuple[int, int, int], Held] = {}
    for one in counted:
        member = members.get((one.group_id or 0, one.user_id or 0))
        if member is not None:
            row = _left(member, one)
            rows[row.key.group_id, row.key.user_id, row.key.series] = row
    table.write(connection, list(rows.values()))


def _left(member: Member, counted: Delivery) -> Held:
    _, series = keys.version_of(counted.occurrence) or (0, 0)
    row = next((one for one in member.held if one.key.series == series), member.main)
    address = counted.address if counted.method is Method.EMAIL else None
    method: ItipMethod = "CANCEL" if counted.reminder_type == CANCEL else "REQUEST"
    return replace(row, refused=Refused(method, address or "", member.plan))
