"""A message as its reader will see it: through the same code as a real one, up to the last step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from notify_cli import keys, messages
from notify_cli.config import OUTBOX_FROM_EMAIL, OUTBOX_FRONTEND_URL, Settings
from notify_cli.delivery import Delivery
from notify_cli.errors import ConfigError, DeliveryError, UsageError
from notify_cli.messages import page, render, subject
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.messages.spelling import suggestion
from notify_cli.messages.subject import SubjectNeeds
from notify_cli.model import DiscordMessage, Email, TextMessage
from notify_cli.platform.tables import Tables
from notify_cli.preview.target import Target
from notify_cli.registry import MessageType, Method, Subject, methods_of
from notify_cli.sending import compose

if TYPE_CHECKING:
    from notify_cli.calendar.recurrence import Occurrence


@dataclass(frozen=True, slots=True)
class Calendar:
    """What the reader's calendar holds once the invite is read; nothing if `method` is CANCEL."""

    method: str
    title: str
    description: str
    occurrences: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """A delivery that is looked at, and has no row in the log."""

    delivery: Delivery
    context: dict[str, Any] | None
    reminder_id: int | None = None


@dataclass(slots=True)
class Preview:
    """The parts of one message for one reader. `errors` says by the name of a part why it cannot be made.

    `timezone` is the reader's, as the platform has it; `about` says in words whose data it is. `texts` are the messages
    other than the email, by their method. `withheld` says that, and why, the reader would not get it as things are; it
    is empty if they would, None where nobody real was named.
    """

    reminder_type: str
    about: str
    timezone: str | None = None
    email: Email | None = None
    texts: dict[Method, DiscordMessage | TextMessage] = field(default_factory=dict)
    calendar: Calendar | None = None
    errors: dict[str, str] = field(default_factory=dict)
    withheld: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no part could be made."""
        return not (self.email or self.texts)


def part_of(method: Method) -> str:
    """What a part of a preview is called: `email`, else the part of the section that makes the message."""
    return method.value if method.way.form == "email" else method.way.parts[0]


def complete(settings: Settings) -> Settings:
    """The settings, with stand-ins for the two that every message needs and a preview can do without."""
    return replace(
        settings,
        frontend_url=settings.frontend_url or OUTBOX_FRONTEND_URL,
        from_email=settings.from_email or OUTBOX_FROM_EMAIL,
    )


def methods(section: Section) -> list[Method]:
    """The ways on which a section's message goes out: those of its parts, also of one with a fault."""
    return list(methods_of({*section.parts, *section.unread}))


def needs(
    catalog: Catalog, reminder_type: str, given: Collection[str], only: Collection[Method] | None
) -> SubjectNeeds:
    """What a message has to be about when these variables are `given`, besides those that its sender must give."""
    section = catalog.section(reminder_type)
    wanted = [method for method in methods(section) if only is None or method in only]
    found = subject.needs(section, catalog.kind(reminder_type), wanted, {*section.variables, *given})
    # A post is shown beside the message to a person, in the channel of their group.
    return replace(found, any_group=found.any_group or any(method.way.post for method in wanted))


def make(
    catalog: Catalog,
    reminder_type: str,
    tables: Tables,
    target: Target,
    settings: Settings,
    *,
    given: Mapping[str, str] | None = None,
    only: Collection[Method] | None = None,
    with_page: bool = True,
) -> Preview:
    """Render every part of a message that `only` allows; its email without HTML where that is not looked at.

    Raises UsageError for an unknown type, a variable it does not have or a channel it does not use, ConfigError for a
    section with a fault.
    """
    section = catalog.section(reminder_type)
    faults = [str(found) for found in messages.check_section(catalog, reminder_type) if found.severity == "error"]
    faults += page.load(settings)
    if faults:
        raise ConfigError(*faults)
    variables = {name: f"[{name}]" for name in section.variables} | _checked(section, given)
    wanted = [method for method in methods(section) if only is None or method in only]
    if not wanted:
        raise UsageError(
            f"{reminder_type} is not sent by this channel: it has {', '.join(m.way.channel for m in methods(section))}"
        )
    person = tables.people.get(target.user_id or 0)
    preview = Preview(reminder_type, target.words, person.timezone if person else None)
    for method in wanted:
        claim = Looked(
            _delivery(reminder_type, method, target, tables.now, catalog.kind(reminder_type)), {"variables": variables}
        )
        try:
            composed = compose.message(claim, tables, catalog, settings, with_page=with_page)
        except DeliveryError as error:
            preview.errors[part_of(method)] = str(error)
            continue
        if target.lacks:
            preview.errors[part_of(method)] = target.lacks
        else:
            _add(preview, method, composed)
    return preview


def deliveries(reminder_type: str, target: Target, now: datetime, kind: MessageType | None = None) -> list[Delivery]:
    """What `batch.load` must know of to fill the tables for a preview."""
    return [_delivery(reminder_type, method, target, now, kind) for method in Method]


def _checked(section: Section, given: Mapping[str, str] | None) -> dict[str, str]:
    known = render.required_variables(section)
    for name in given or ():
        if name not in known:
            hint = suggestion(name, known) or f": it has {', '.join(sorted(known))}"
            raise UsageError(f"--set {name}: {section.name} has no such variable{hint}")
    return dict(given or {})


def _delivery(reminder_type: str, method: Method, target: Target, now: datetime, kind: MessageType | None) -> Delivery:
    about: dict[Subject, int | None] = {
        "user": target.user_id,
        "group": target.group_id,
        "meeting": target.meeting_id,
        "trial": target.session_id,
    }
    return Delivery(
        job_id=keys.job_about(reminder_type, about, kind),
        occurrence=keys.ANY_TIME,
        reminder_type=reminder_type,
        method=method,
        user_id=None if method.way.post else target.user_id,
        group_id=target.group_id,
        meeting_id=target.meeting_id,
        due_at=now,
        useful_until=now + timedelta(hours=1),
    )


def _add(preview: Preview, method: Method, composed: compose.Composed) -> None:
    message = replace(composed.message, reminder_id=None)
    if not isinstance(message, Email):
        preview.texts[method] = message
        return
    preview.email = message
    if (version := composed.version) is not None:
        from notify_cli.calendar.held import occurrences
        from notify_cli.calendar.recurrence import distinct

        words, shown = version.wording, distinct(occurrences(version.after.meetings))
        preview.calendar = Calendar(version.after.method or "REQUEST", words.title, words.description, shown)
