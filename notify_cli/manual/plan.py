"""A one-off message planned: every delivery it comes to, and why some of them will not be. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from notify_cli import db, due, keys, messages
from notify_cli.errors import ConfigError, UsageError
from notify_cli.log import history
from notify_cli.manual import audience, content
from notify_cli.manual.audience import Addressee, Need
from notify_cli.manual.order import Order
from notify_cli.messages import render
from notify_cli.messages.variables import names_about
from notify_cli.model import Delivery
from notify_cli.platform import batch
from notify_cli.registry import TYPES, Method

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.due.policy import Rules
    from notify_cli.messages.catalog import Catalog, Section

USEFUL = timedelta(hours=24)
FARTHEST = timedelta(days=3650)

_CHANNELS = {"email": (Method.EMAIL,), "discord": (Method.DISCORD_DM, Method.DISCORD_CHANNEL)}
_WHY_NOT = {
    ("opted_out", Method.EMAIL): "has switched emails off",
    ("opted_out", Method.DISCORD_DM): "has switched DMs off",
    ("no_address", Method.EMAIL): "has no email address",
    ("no_address", Method.DISCORD_DM): "has no Discord account",
    ("no_address", Method.DISCORD_CHANNEL): "has no Discord channel",
}


class SwitchedOffError(UsageError):
    """The type is one of NOTIFY_DISABLED."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery of a plan. `status` is why it does not go out, empty where it does; `note` says it in words."""

    delivery: Delivery
    status: str = ""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a one-off message comes to. `at` is the time to store it for, None for at once."""

    at: datetime | None
    variables: Mapping[str, str]
    entries: list[Entry]

    @property
    def going(self) -> list[Delivery]:
        """What goes out."""
        return [entry.delivery for entry in self.entries if not entry.status]

    @property
    def people(self) -> int:
        """How many people get something."""
        return len({delivery.user_id for delivery in self.going} - {None})


def make(
    connection: db.Connection, settings: Settings, rules: Rules, order: Order, *, now: datetime | None = None
) -> Plan:
    """Look up everything an order needs.

    Raises UsageError where it cannot be carried out, with a line for each variable that is missing and whom it
    concerns; ConfigError for faults of the messages file; DatabaseError.
    """
    catalog = messages.load(settings.messages)
    section = _section(catalog, order.reminder_type)
    methods = _methods(section, order)
    clock = db.rows(connection, "select coalesce(%(now)s::timestamptz, now()) as now", {"now": now})[0].now
    at = order.at or clock
    if at - clock > FARTHEST:
        raise UsageError(f"{at.date()} is too far ahead: at most {FARTHEST.days // 365} years")
    need = _need(section, order, methods)
    posts = Method.DISCORD_CHANNEL in methods
    addressees = audience.resolve(connection, order, need, at=at, with_posts=posts)
    deliveries = _deliveries(order, methods, need, addressees, at)
    planned = Plan(order.at, order.variables, _judged(connection, rules, order, deliveries, clock))
    tables = batch.load(connection, planned.going, settings, rules.courses(), now=clock)
    content.check(planned, tables, catalog, section, settings)
    return planned


def _section(catalog: Catalog, reminder_type: str) -> Section:
    section = catalog.section(reminder_type)
    if reminder_type in TYPES and TYPES[reminder_type].sweep_only:
        raise UsageError(f"{reminder_type} cannot be sent by hand: the sweep makes it from what calendars show")
    faults = [str(f) for f in messages.check_section(catalog, reminder_type) if f.severity == "error"]
    if faults:
        raise ConfigError(*faults)
    return section


def _methods(section: Section, order: Order) -> list[Method]:
    """The ways the message can go to these recipients."""
    able = [method for method, parts in content.PARTS.items() if set(parts) - content.OPTIONAL <= section.parts.keys()]
    wanted = {method for channel in order.channels for method in _CHANNELS[channel]} or set(able)
    to_group = bool(order.group_ids) and not order.user_ids
    found = [m for m in able if m in wanted and (to_group or m is not Method.DISCORD_CHANNEL)]
    if found:
        return found
    if Method.DISCORD_CHANNEL in able and Method.DISCORD_CHANNEL in wanted:
        raise UsageError(f"{section.name} is a post in a group's channel: name the group")
    raise UsageError(f"{section.name} has no text for {' or '.join(order.channels) or 'any channel'}")


def _need(section: Section, order: Order, methods: Sequence[Method]) -> Need:
    if (message_type := TYPES.get(order.reminder_type)) is not None:
        subject = message_type.subject
        return Need(subject == "meeting", subject == "group", subject == "trial")
    used = render.required_variables(section, [part for method in methods for part in content.PARTS[method]])
    return Need(a_group=bool((used - order.variables.keys()) & names_about("group", "appointment", "lessons")))


def _deliveries(
    order: Order, methods: Sequence[Method], need: Need, addressees: Sequence[Addressee], at: datetime
) -> list[Delivery]:
    # One mark for the whole order: forced again, it is another message.
    again = f"+{uuid4().hex[:8]}" if order.force else ""
    return [
        _delivery(order, method, need, one, at, again)
        for one in addressees
        for method in methods
        if (one.user_id is None) == (method is Method.DISCORD_CHANNEL)
    ]


def _delivery(order: Order, method: Method, need: Need, one: Addressee, at: datetime, again: str) -> Delivery:
    job_id = order.job_id or _job_id(order.reminder_type, one)
    # An invitation is to all of a group's meetings.
    meeting_id = None if need.group else one.meeting_id
    about = {"group_id": one.group_id, "meeting_id": meeting_id}
    return Delivery(
        job_id=job_id,
        occurrence=keys.occurrence(job_id, starts_at=one.starts_at, joined_at=one.joined_at) + again,
        reminder_type=order.reminder_type,
        method=method,
        user_id=one.user_id,
        group_id=one.group_id,
        meeting_id=meeting_id,
        due_at=at,
        useful_until=_useful_until(order, need, one, at),
        context={"variables": dict(order.variables)} | {k: v for k, v in about.items() if v is not None},
    )


def _job_id(reminder_type: str, one: Addressee) -> str:
    """The job id that the rule of this type uses."""
    ids = {"user": one.user_id, "group": one.group_id, "meeting": one.meeting_id, "trial": one.session_id}
    message_type = TYPES.get(reminder_type)
    subject_id = ids[message_type.subject] if message_type else None
    return keys.job_id(message_type, subject_id) if message_type and subject_id else keys.by_hand(reminder_type)


def _useful_until(order: Order, need: Need, one: Addressee, at: datetime) -> datetime:
    """For a day, but nobody is reminded of a meeting that has begun."""
    if not need.meeting or one.starts_at is None:
        return at + USEFUL
    if one.starts_at <= at:
        raise UsageError(f"meeting {one.meeting_id} has begun by then: {order.reminder_type} comes too late")
    return min(at + USEFUL, one.starts_at)


def _judged(
    connection: db.Connection, rules: Rules, order: Order, deliveries: Sequence[Delivery], clock: datetime
) -> list[Entry]:
    verdicts = due.judge(connection, deliveries, rules.policy(), now=clock)
    if "disabled" in verdicts and order.at is None:
        raise SwitchedOffError(f"{order.reminder_type} is switched off (NOTIFY_DISABLED): nothing was sent")
    known = history.known(connection, [d.notification_key for d in deliveries], now=clock)
    return [
        _entry(delivery, verdict, known.get(delivery.notification_key), order)
        for delivery, verdict in zip(deliveries, verdicts, strict=True)
    ]


def _entry(delivery: Delivery, verdict: str, before: history.Known | None, order: Order) -> Entry:
    if before is not None and before.status == "delivered":
        return Entry(delivery, "duplicate", "was sent before")
    if before is not None and before.leased:
        return Entry(delivery, "duplicate", "is being sent at this moment")
    why_not = _WHY_NOT.get((verdict, delivery.method))
    if order.at is None and why_not is not None:
        return Entry(delivery, verdict, why_not)
    # What is stored is judged again when it is due.
    return Entry(delivery, note=f"{why_not} at present" if why_not else None)
