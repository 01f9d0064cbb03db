"""What a one-off message says: found wanting before anything is sent or stored, not by half of its recipients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from notify_cli import messages
from notify_cli.config import OUTBOX_FRONTEND_URL, Settings
from notify_cli.errors import RecipientError, UsageError
from notify_cli.messages import render
from notify_cli.messages.catalog import Catalog, Section, suggestion
from notify_cli.messages.variables import names_about
from notify_cli.model import Delivery, Facts
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.manual.order import Order
    from notify_cli.manual.plan import Plan
    from notify_cli.platform.batch import Tables

# What goes out by each method; without the optional parts it is whole too.
PARTS = {
    Method.EMAIL: ("email_subject", "email_body", "email_html", "calendar_title", "calendar_description"),
    Method.DISCORD_DM: ("discord",),
    Method.DISCORD_CHANNEL: ("discord_channel",),
}
OPTIONAL = {"email_html", "calendar_title", "calendar_description"}


def refuse_unknown(settings: Settings, order: Order) -> None:
    """Raise UsageError for variables that the message does not use, with a suggestion."""
    section = messages.load(settings.messages).section(order.reminder_type)
    known = render.required_variables(section) | set(section.variables)
    uses = f"it uses {', '.join(sorted(known))}" if known else "it uses none"
    wrong = sorted(order.variables.keys() - known)
    if wrong:
        raise UsageError(*(f"{section.name} has no {{{name}}}{suggestion(name, known)}: {uses}" for name in wrong))


def check(planned: Plan, tables: Tables, catalog: Catalog, section: Section, settings: Settings) -> None:
    """Raise UsageError with a line for each variable that is missing, and for a Discord text that is too long."""
    if planned.at is not None:
        # Whoever sends it knows the links and the course files; whoever stores it need not.
        settings = replace(settings, frontend_url=settings.frontend_url or OUTBOX_FRONTEND_URL)
    used = render.required_variables(section, [p for e in planned.entries for p in PARTS[e.delivery.method]])
    ungiven = [name for name in section.variables if name in used and name not in planned.variables]
    known_later = {*ungiven, *(names_about("lessons") if planned.at is not None and settings.courses is None else ())}
    lacking: dict[str, list[str]] = defaultdict(list)
    tried: set[Method] = set()
    for entry in planned.entries:
        delivery = entry.delivery
        if entry.status:
            continue
        facts = tables.facts(delivery, planned.variables)
        missing = render.missing(section, catalog, PARTS[delivery.method], facts, settings)
        for name in missing.keys() - known_later:
            lacking[missing[name]].append(delivery.recipient)
        if not missing and not entry.note and delivery.method not in tried:
            tried.add(delivery.method)
            _try(section, catalog, delivery, facts, settings)
    faults = [f"{section.name} needs {{{name}}}: give it with --set {name}=..." for name in ungiven]
    faults += [f"{text} (for {_some(recipients)})" for text, recipients in sorted(lacking.items())]
    if faults:
        raise UsageError(*faults)


def _try(section: Section, catalog: Catalog, delivery: Delivery, facts: Facts, settings: Settings) -> None:
    """A Discord text that is too long, or empty, for the first is so for most: better nobody gets half a message."""
    if delivery.method is Method.EMAIL:
        return
    part = PARTS[delivery.method][0]
    try:
        render.discord(section, part, catalog, facts, settings, delivery.notification_key)
    except RecipientError as error:
        raise UsageError(f"{section.name}: {part}: {error}") from error


def _some(recipients: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(recipients))
    return ", ".join(distinct[:5]) + (f" and {len(distinct) - 5} more" if len(distinct) > 5 else "")
