"""What a one-off message says: found wanting before anything is sent or stored, not by half of its recipients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from notify_cli import messages
from notify_cli.config import OUTBOX_FRONTEND_URL, Settings
from notify_cli.delivery import Delivery
from notify_cli.errors import ConfigError, RecipientError, UsageError
from notify_cli.manual.order import Order, some_of
from notify_cli.messages import render, slips, subject
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.messages.spelling import suggestion
from notify_cli.messages.subject import SubjectNeeds
from notify_cli.messages.variables import names_about
from notify_cli.model import Facts
from notify_cli.platform.tables import Tables
from notify_cli.registry import TYPES, Method, methods_of


@dataclass(frozen=True, slots=True)
class Content:
    """The texts of an order: the section of its message, and the methods by which that can go to the recipients."""

    order: Order
    catalog: Catalog
    section: Section
    methods: tuple[Method, ...]

    @property
    def needs(self) -> SubjectNeeds:
        """What it has to be about."""
        return subject.needs(
            self.section, self.catalog.kind(self.order.reminder_type), self.methods, self.order.variables
        )

    @property
    def has_post(self) -> bool:
        """Whether it goes into channels, too."""
        return any(method.way.post for method in self.methods)

    @property
    def variables(self) -> set[str]:
        """The variables that its texts use."""
        return render.required_variables(self.section, [part for m in self.methods for part in m.way.every_part])


def load(settings: Settings, order: Order) -> Content:
    """The texts of an order.

    Raises UsageError for a type that does not exist, that only the sweep can send or that has no text for the channels
    asked for; ConfigError for faults of the messages file.
    """
    catalog = messages.load(settings.messages)
    section = catalog.section(order.reminder_type)
    if order.reminder_type in TYPES and TYPES[order.reminder_type].sweep_only:
        raise UsageError(f"{order.reminder_type} cannot be sent by hand: the sweep makes it from what calendars show")
    faults = [str(f) for f in messages.check_by_hand(catalog, order.reminder_type) if f.severity == "error"]
    if faults:
        raise ConfigError(*faults)
    return Content(order, catalog, section, _methods(section, order))


def refuse_unknown(settings: Settings, order: Order) -> None:
    """Raise UsageError for variables that the message does not use, and for placeholders within what is given."""
    section = messages.load(settings.messages).section(order.reminder_type)
    known = render.required_variables(section) | set(section.variables)
    uses = f"it uses {', '.join(sorted(known))}" if known else "it uses none"
    wrong = sorted(order.variables.keys() - known)
    faults = [f"{section.name} has no {{{name}}}{suggestion(name, known)}: {uses}" for name in wrong]
    for name, text in order.variables.items():
        for found in slips.unfilled(text):
            faults.append(f"{found} in --set {name} is not filled in: everybody would read it as it stands")
    if faults:
        raise UsageError(*faults)


def check(
    content: Content, tables: Tables, settings: Settings, going: Sequence[Delivery], reachable: Collection[str]
) -> None:
    """Look whether everything can be said to everybody it goes to; `reachable` are keys of those with an address.

    Raises ConfigError where the message speaks of lessons and a course file has faults; UsageError with a line for each
    variable that is missing, and for a Discord text that is too long.
    """
    order, section = content.order, content.section
    if tables.faults and (content.variables & names_about("lessons")) - order.variables.keys():
        raise ConfigError(*tables.faults)
    if order.at is not None:
        # Whoever sends it knows the links and the course files; whoever stores it need not.
        settings = replace(settings, frontend_url=settings.frontend_url or OUTBOX_FRONTEND_URL)
    used = content.variables
    ungiven = [name for name in section.variables if name in used and name not in order.variables]
    known_later = {*ungiven, *(names_about("lessons") if order.at is not None and settings.courses is None else ())}
    lacking: dict[str, list[str]] = defaultdict(list)
    tried: set[Method] = set()
    for delivery in going:
        facts = tables.facts(delivery, order.variables)
        missing = render.missing(section, content.catalog, delivery.method.way.every_part, facts, settings)
        for name in missing.keys() - known_later:
            lacking[missing[name]].append(delivery.recipient)
        if not missing and delivery.notification_key in reachable and delivery.method not in tried:
            tried.add(delivery.method)
            _try(content, delivery, facts, settings)
    faults = [f"{section.name} needs {{{name}}}: give it with --set {name}=..." for name in ungiven]
    faults += [f"{text} (for {some_of(recipients)})" for text, recipients in sorted(lacking.items())]
    if faults:
        raise UsageError(*faults)


def _methods(section: Section, order: Order) -> tuple[Method, ...]:
    """The ways the message can go to these recipients."""
    able = methods_of(section.parts)
    wanted = [method for method in able if not order.channels or method.way.channel in order.channels]
    to_group = bool(order.group_ids) and not order.user_ids
    found = tuple(method for method in wanted if to_group or not method.way.post)
    if found:
        return found
    if wanted:
        raise UsageError(f"{section.name} is a post in a group's channel: name the group")
    raise UsageError(f"{section.name} has no text for {' or '.join(order.channels) or 'any channel'}")


def _try(content: Content, delivery: Delivery, facts: Facts, settings: Settings) -> None:
    """A Discord text that is too long, or empty, for the first is so for most: better nobody gets half a message."""
    if delivery.method.way.form != "discord":
        return
    (part,) = delivery.method.way.parts
    section = content.section
    try:
        render.discord(section, part, content.catalog, facts, settings, delivery.notification_key)
    except RecipientError as error:
        raise UsageError(f"{section.name}: {part}: {error}") from error
