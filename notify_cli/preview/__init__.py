"""A message as its reader will see it: through the same code as a real one, up to the last step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from notify_cli import calendar as itip
from notify_cli import messages
from notify_cli.calendar import invites
from notify_cli.calendar.recurrence import Occurrence
from notify_cli.config import OUTBOX_FROM_EMAIL, OUTBOX_FRONTEND_URL, Settings
from notify_cli.errors import ConfigError, DeliveryError, NotifyError, UsageError
from notify_cli.log import Claim
from notify_cli.messages import render
from notify_cli.messages.catalog import Catalog, Section, suggestion
from notify_cli.model import Delivery, DiscordMessage, Email
from notify_cli.platform.batch import Tables
from notify_cli.preview.target import Target
from notify_cli.registry import Method, methods_of, types_of_section
from notify_cli.sending import compose

# The part of a section that makes a message of each method.
_PARTS = {Method.EMAIL: "email_body", Method.DISCORD_DM: "discord", Method.DISCORD_CHANNEL: "discord_channel"}

# Rules about a person alone: whatever group is known, their message cannot speak of it.
_WITHOUT_GROUP = ("welcome", "trial_nudge")


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the reader's calendar holds once the invite is read; nothing if `method` is CANCEL."""

    method: str
    title: str
    description: str
    occurrences: tuple[Occurrence, ...]


@dataclass(slots=True)
class Preview:
    """The parts of one message for one reader. `errors` says by the name of a part why it cannot be made.

    `timezone` is the reader's, as the platform has it; `about` says in words whose data it is.
    """

    reminder_type: str
    about: str
    timezone: str | None = None
    email: Email | None = None
    discord: DiscordMessage | None = None
    discord_channel: DiscordMessage | None = None
    calendar: Calendar | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no part could be made."""
        return not (self.email or self.discord or self.discord_channel)

    def as_json(self) -> dict[str, Any]:
        """The stable shape; a part that the message does not have is null."""
        return {
            "type": self.reminder_type,
            "about": self.about,
            "email": _email_json(self.email) if self.email else None,
            "discord": _discord_json(self.discord) if self.discord else None,
            "discord_channel": _discord_json(self.discord_channel) if self.discord_channel else None,
            "calendar": _calendar_json(self.calendar) if self.calendar else None,
            "errors": self.errors,
        }


def complete(settings: Settings) -> Settings:
    """The settings, with stand-ins for the two that every message needs and a preview can do without."""
    return replace(
        settings,
        frontend_url=settings.frontend_url or OUTBOX_FRONTEND_URL,
        from_email=settings.from_email or OUTBOX_FROM_EMAIL,
    )


def methods(section: Section) -> list[Method]:
    """The ways on which a section's message goes out: those of its rule, or of the parts that staff gave it."""
    types = types_of_section(section.name)
    return list(types[0].methods if types else methods_of(section.parts))


def make(
    catalog: Catalog,
    reminder_type: str,
    tables: Tables,
    target: Target,
    settings: Settings,
    *,
    given: Mapping[str, str] | None = None,
    only: Collection[Method] | None = None,
) -> Preview:
    """Render every part of a message that `only` allows.

    Raises UsageError for an unknown type, a variable it does not have or a channel it does not use, ConfigError for a
    section with a fault.
    """
    section = catalog.section(reminder_type)
    faults = [str(found) for found in messages.check_section(catalog, reminder_type) if found.severity == "error"]
    if faults:
        raise ConfigError(*faults)
    variables = {name: f"[{name}]" for name in section.variables} | _checked(section, given)
    wanted = [method for method in methods(section) if only is None or method in only]
    if not wanted:
        raise UsageError(
            f"{reminder_type} is not sent by this channel: it has {', '.join(map(_name, methods(section)))}"
        )
    person = tables.people.get(target.user_id or 0)
    preview = Preview(reminder_type, target.words, person.timezone if person else None)
    for method in wanted:
        claim = Claim(_delivery(reminder_type, method, target, tables.now), 0, 1, {"variables": variables})
        try:
            _add(preview, method, compose.message(claim, tables, catalog, settings))
        except DeliveryError as error:
            preview.errors["email" if method is Method.EMAIL else _PARTS[method]] = str(error)
    return preview


def deliveries(reminder_type: str, target: Target, now: datetime) -> list[Delivery]:
    """What `facts.load` must know of to fill the tables for a preview."""
    return [_delivery(reminder_type, method, target, now) for method in Method]


def with_invite(tables: Tables, target: Target, catalog: Catalog, settings: Settings) -> Tables:
    """The same tables where the reader holds the group's invite, which an update or its end presupposes."""
    person, group = tables.people[target.user_id or 0], tables.groups[target.group_id or 0]
    facts = tables.facts(_delivery("group_assigned", Method.EMAIL, target, tables.now))
    try:
        title, description = render.invite_text(catalog.section("group_assigned"), catalog, facts, settings)
    except NotifyError:  # that message has a fault of its own, and this one is to be seen
        title, description = group.name, ""
    wording = invites.Wording(title, description, "", settings.from_email, settings.from_name, person.email or "")
    held = invites.next_request(None, None, facts, tables.meetings[group.group_id], wording)
    return replace(tables, calendars={invites.key(group.group_id, person.user_id): held})


def _checked(section: Section, given: Mapping[str, str] | None) -> dict[str, str]:
    known = render.required_variables(section)
    for name in given or ():
        if name not in known:
            hint = suggestion(name, known) or f": it has {', '.join(sorted(known))}"
            raise UsageError(f"--set {name}: {section.name} has no such variable{hint}")
    return dict(given or {})


def _delivery(reminder_type: str, method: Method, target: Target, now: datetime) -> Delivery:
    jobs = {
        "welcome": f"user_{target.user_id}_welcome",
        "trial_nudge": f"trial_{target.session_id}_nudge",
        "group_assigned": f"group_{target.group_id}_assigned",
    }
    return Delivery(
        job_id=jobs.get(reminder_type, f"send_{reminder_type}"),
        occurrence="-",
        reminder_type=reminder_type,
        method=method,
        user_id=None if method is Method.DISCORD_CHANNEL else target.user_id,
        group_id=None if reminder_type in _WITHOUT_GROUP else target.group_id,
        meeting_id=None if reminder_type in _WITHOUT_GROUP else target.meeting_id,
        due_at=now,
        useful_until=now + timedelta(hours=1),
    )


def _add(preview: Preview, method: Method, composed: compose.Composed) -> None:
    message = replace(composed.message, reminder_id=None)
    if isinstance(message, Email):
        preview.email = message
        if held := (composed.context or {}).get("calendar"):
            series = itip.from_context(held)
            preview.calendar = Calendar(held["method"], series.title, series.description, itip.expand(series))
    elif method is Method.DISCORD_DM:
        preview.discord = message
    else:
        preview.discord_channel = message


def _name(method: Method) -> str:
    return {Method.EMAIL: "email"}.get(method, "discord")


def _email_json(email: Email) -> dict[str, str]:
    return {"to": email.to, "subject": email.subject, "text": email.text, "html": email.html}


def _discord_json(message: DiscordMessage) -> dict[str, str | int]:
    return {"text": message.content, "length": len(message.content)}


def _calendar_json(calendar: Calendar) -> dict[str, Any]:
    occurrences = [
        {"starts_at": one.starts_at, "ends_at": one.starts_at + one.duration, "join_url": one.join_url}
        for one in calendar.occurrences
    ]
    told = {"method": calendar.method, "title": calendar.title, "description": calendar.description}
    return told | {"occurrences": occurrences}
