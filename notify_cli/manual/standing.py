"""What stands under a job id already: other content is refused there, or takes the place of what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from notify_cli import db, keys, times
from notify_cli.delivery import Delivery
from notify_cli.errors import UsageError
from notify_cli.log import history
from notify_cli.log.history import Stored
from notify_cli.manual.order import Order


@dataclass(frozen=True, slots=True)
class Replaced:
    """How many messages take the place of others that wait, and how many others wait on, for people not named."""

    taken: int = 0
    left: int = 0


def refuse_other_content(
    connection: db.Connection, order: Order, deliveries: Sequence[Delivery], *, rehearsal: bool, now: datetime
) -> Replaced:
    """What an order may replace of what waits under its job ids; nothing of what was sent.

    Raises UsageError for an order of other content (type, values or time) than what waits, unless it is to replace
    that; and, where somebody gave the job id, than what was sent. Raises DatabaseError.
    """
    if order.force or not deliveries:  # forced, it is another message
        return Replaced()
    ours = {(one.job_id, one.occurrence): one for one in deliveries}
    found = history.stored(connection, sorted({job_id for job_id, _ in ours}), rehearsal=rehearsal, now=now)
    standing = [one for one in found if (one.job_id, one.occurrence) in ours]
    mine = {delivery.notification_key for delivery in deliveries}
    waiting = [one for one in standing if not one.sent and _difference(one, order, now)]
    if order.job_id is None:  # the same text at another time: to others it is no other content
        waiting = [one for one in waiting if one.notification_key in mine]
    if order.replace:
        return Replaced(
            taken=sum(one.notification_key in mine for one in waiting),
            left=sum(one.notification_key not in mine for one in waiting),
        )
    sent = [one for one in standing if one.sent and order.job_id is not None and _difference(one, order, None)]
    if waiting:
        raise UsageError(_waits(waiting, order, now))
    if sent:
        raise UsageError(_was_sent(sent, order))
    return Replaced()


def _difference(one: Stored, order: Order, now: datetime | None) -> str:
    """In what it is another message than the order; empty where it is the same. `now` None leaves its time out."""
    if one.reminder_type != order.reminder_type:
        return "type"
    if one.variables != dict(order.variables):
        return "content"
    if now is None:
        return ""
    at_once = order.at is None or order.at <= now
    same_time = one.due_at <= now if at_once else one.due_at == order.at
    return "" if same_time else "time"


def _waits(waiting: Sequence[Stored], order: Order, now: datetime) -> str:
    first = min(waiting, key=lambda one: one.due_at)
    what = {"type": f"as {first.reminder_type}", "content": "with another content", "time": "for another time"}
    return (
        f"{first.job_id} waits already {what[_difference(first, order, now)]}, for {_people(waiting)} on "
        f"{times.in_full(first.due_at)}: add --replace to put this in its place, or give another --job-id"
    )


def _was_sent(sent: Sequence[Stored], order: Order) -> str:
    last = max(sent, key=lambda one: one.sent_at or one.due_at)
    what = f"as {last.reminder_type}" if last.reminder_type != order.reminder_type else "with another content"
    return (
        f"{last.job_id} was sent already {what}, to {_people(sent)}, last on "
        f"{times.in_full(last.sent_at or last.due_at)}: give another --job-id"
    )


def _people(found: Iterable[Stored]) -> str:
    count = len({keys.split(one.notification_key).recipient for one in found})
    return "1 recipient" if count == 1 else f"{count} recipients"
