"""A one-off message planned: every delivery it comes to, and why some of them will not be. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from notify_cli import db, due, keys
from notify_cli.delivery import Delivery, Verdict
from notify_cli.due import reasons
from notify_cli.errors import UsageError
from notify_cli.log import history
from notify_cli.manual import audience, content, standing
from notify_cli.manual.audience import Addressee
from notify_cli.manual.content import Content
from notify_cli.manual.order import A_FEW, Order
from notify_cli.manual.standing import Replaced
from notify_cli.messages.subject import SubjectNeeds
from notify_cli.platform import batch, lookups
from notify_cli.platform.tables import Tables
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.due import Policy

USEFUL = timedelta(hours=24)
FARTHEST = timedelta(days=3650)


class SwitchedOffError(UsageError):
    """The type is one of NOTIFY_DISABLED."""


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One delivery of a plan. `status` is why it does not go out, empty where it does; `note` says it in words.

    One that `waits` is stored although it would not go out as things are: that is judged again at its time.
    """

    delivery: Delivery
    status: str = ""
    note: str | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a one-off message comes to, at an aware time `at` (as `stored` for then, or at once).

    `content` and `tables` are what its messages are made of. `choices` are lines about people in several groups: which
    of them the message is about. `replaced` is what it does to those that wait under the same job id.
    """

    at: datetime
    stored: bool
    content: Content
    tables: Tables
    entries: list[PlannedDelivery]
    choices: tuple[str, ...] = ()
    replaced: Replaced = field(default_factory=Replaced)

    @property
    def going(self) -> list[Delivery]:
        """What goes out, as things are."""
        return [entry.delivery for entry in self.entries if not entry.status]

    @property
    def kept(self) -> list[Delivery]:
        """What is put into the log: what goes out, and what waits to be judged again."""
        return [entry.delivery for entry in self.entries if not entry.status or entry.waits]

    @property
    def recipients(self) -> int:
        """How many people and channels get something."""
        return len({delivery.recipient for delivery in self.going})


def make(
    connection: db.Connection, settings: Settings, policy: Policy, order: Order, *, now: datetime | None = None
) -> Plan:
    """Look up everything an order needs.

    Raises UsageError where it cannot be carried out, with a line for each variable that is missing and whom it
    concerns; ConfigError for faults of the messages file, and of a course file whose lessons it speaks of;
    DatabaseError.
    """
    said = content.load(settings, order)
    clock = lookups.clock(connection, now)
    at = order.at or clock
    if at - clock > FARTHEST:
        raise UsageError(f"{at.date()} is too far ahead: at most {FARTHEST.days // 365} years")
    addressees = audience.resolve(connection, order, said.needs, at=at, with_posts=said.has_post)
    deliveries = _deliveries(said, addressees, at, rehearsal=settings.rehearsal)
    replaced = standing.refuse_other_content(connection, order, deliveries, rehearsal=settings.rehearsal, now=clock)
    entries = _judged(connection, policy, order, deliveries, clock)
    kept = [entry.delivery for entry in entries if not entry.status or entry.waits]
    tables = batch.load(connection, kept, settings, policy.courses(), now=clock)
    reachable = {entry.delivery.notification_key for entry in entries if not entry.note}
    content.check(said, tables, settings, kept, reachable)
    choices = _choices(addressees, tables)
    return Plan(at, order.at is not None, said, tables, entries, choices, replaced)


def _deliveries(said: Content, addressees: Sequence[Addressee], at: datetime, *, rehearsal: bool) -> list[Delivery]:
    # One mark for the whole order: forced again, it is another message.
    again = f"+{uuid4().hex[:8]}" if said.order.force else ""
    needs = said.needs
    return [
        replace(_delivery(said, method, needs, one, at, again), rehearsal=rehearsal)
        for one in addressees
        for method in said.methods
        if (one.user_id is None) == method.way.post
    ]


def _delivery(said: Content, method: Method, needs: SubjectNeeds, one: Addressee, at: datetime, again: str) -> Delivery:
    order, kind = said.order, said.catalog.kind(said.order.reminder_type)
    job_id = order.job_id or keys.job_about(
        order.reminder_type,
        {"user": one.user_id, "group": one.group_id, "meeting": one.meeting_id, "trial": one.session_id},
        kind,
        order.identity,
    )
    # An invitation is to all of a group's meetings.
    meeting_id = None if needs.group else one.meeting_id
    about = {"group_id": one.group_id, "meeting_id": meeting_id}
    return Delivery(
        job_id=job_id,
        occurrence=keys.occurrence(job_id, starts_at=one.starts_at, joined_at=one.joined_at, message_type=kind) + again,
        reminder_type=order.reminder_type,
        method=method,
        user_id=one.user_id,
        group_id=one.group_id,
        meeting_id=meeting_id,
        due_at=at,
        useful_until=_useful_until(order, needs, one, at),
        context={"variables": dict(order.variables)} | {k: v for k, v in about.items() if v is not None},
    )


def _useful_until(order: Order, needs: SubjectNeeds, one: Addressee, at: datetime) -> datetime:
    """For a day, but nobody is reminded of a meeting that has begun."""
    if not needs.meeting or one.starts_at is None:
        return at + USEFUL
    if one.starts_at <= at:
        raise UsageError(f"meeting {one.meeting_id} has begun by then: {order.reminder_type} comes too late")
    return min(at + USEFUL, one.starts_at)


def _judged(
    connection: db.Connection, policy: Policy, order: Order, deliveries: Sequence[Delivery], clock: datetime
) -> list[PlannedDelivery]:
    verdicts = due.judge(connection, deliveries, policy, now=clock)
    if "disabled" in verdicts and order.at is None:
        raise SwitchedOffError(f"{order.reminder_type} is switched off (NOTIFY_DISABLED): nothing was sent")
    known = history.known(connection, [d.notification_key for d in deliveries], now=clock)
    return [
        _planned(delivery, verdict, known.get(delivery.notification_key), order)
        for delivery, verdict in zip(deliveries, verdicts, strict=True)
    ]


def _planned(delivery: Delivery, verdict: Verdict, before: history.Known | None, order: Order) -> PlannedDelivery:
    if before is not None and before.status == "delivered":
        return PlannedDelivery(delivery, "duplicate", "was sent before")
    if before is not None and before.leased:
        return PlannedDelivery(delivery, "duplicate", "is being sent at this moment")
    why_not = reasons.of_reader(verdict, delivery.method.way)
    if why_not is None:
        return PlannedDelivery(delivery)
    if order.at is None:
        return PlannedDelivery(delivery, verdict, why_not)
    return PlannedDelivery(delivery, verdict, f"{why_not} at present (judged again at its time)", waits=True)


def _choices(addressees: Sequence[Addressee], tables: Tables) -> tuple[str, ...]:
    """Which group it is about for those who are in several and get it, a line each, the first few by name."""
    choices = [
        one.own_group.choice(person.name)
        for one in addressees
        if one.own_group and one.own_group.others and (person := tables.people.get(one.user_id or 0))
    ]
    more = len(choices) - A_FEW
    rest = f"{more} more {'person is' if more == 1 else 'people are'} in several groups: --group names one"
    return (*choices[:A_FEW], *([rest] if more > 0 else []))
