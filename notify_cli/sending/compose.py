"""From a claim to the message that goes out: the facts of its recipient, the text of its section, its invite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from notify_cli import keys
from notify_cli.calendar import invites
from notify_cli.config import Settings
from notify_cli.errors import RecipientError, TemporaryError
from notify_cli.log import Claim
from notify_cli.messages import render
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.messages.variables import Medium, values
from notify_cli.model import Delivery, Email, Facts, Message
from notify_cli.platform.batch import Tables
from notify_cli.registry import Method


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready to be sent, its text for the log, and what the log keeps beside it (`context`, JSON)."""

    message: Message
    text: str
    context: dict[str, Any] | None


def message(claim: Claim, tables: Tables, catalog: Catalog, settings: Settings) -> Composed:
    """Render what a claim says.

    Raises RecipientError where this recipient's message cannot be made, TemporaryError where it could be later.
    """
    delivery = claim.delivery
    facts = tables.facts(delivery, (claim.context or {}).get("variables"))
    catalog = catalog.for_reader(facts.person.locale if facts.person else None, delivery.reminder_type)
    section = catalog.section(delivery.reminder_type)
    if delivery.reminder_type in invites.KINDS and delivery.method is Method.EMAIL:
        return _invitation(claim, section, facts, tables, catalog, settings)
    key = delivery.notification_key
    if delivery.method is Method.EMAIL:
        email = render.email(section, catalog, facts, settings, key, reminder_id=claim.reminder_id)
        return Composed(email, _text(email), claim.context)
    way = delivery.method.way
    if way.form == "discord":
        post = render.discord(section, way.parts[0], catalog, facts, settings, key, reminder_id=claim.reminder_id)
        return Composed(post, post.content, claim.context)
    text = render.text(section, delivery.method, catalog, facts, settings, key)
    return Composed(replace(text, reminder_id=claim.reminder_id), text.content, claim.context)


def _invitation(
    claim: Claim, section: Section, facts: Facts, tables: Tables, catalog: Catalog, settings: Settings
) -> Composed:
    delivery = claim.delivery
    sequence = keys.sequence_of(delivery.occurrence)  # None for a first invite, which takes the next
    held = tables.calendars.get(
        invites.key(delivery.group_id or 0, delivery.user_id or 0, rehearsal=delivery.rehearsal)
    )
    cancels = delivery.reminder_type == invites.CANCEL
    if cancels:
        facts = invites.named_group(facts, held, delivery.group_id)
    try:
        key = delivery.notification_key
        email = render.email(section, catalog, facts, settings, key, reminder_id=claim.reminder_id)
        wording = _wording(section, facts, email, catalog, settings)
        meetings = tables.meetings.get(delivery.group_id or 0, ())
        mine = (claim.context or {}).get("calendar")
        if cancels:
            leaving = bool(meetings) and not _is_member(tables, delivery)
            calendar = invites.next_cancel(held, mine, facts, wording, leaving=leaving, sequence=sequence)
        else:
            calendar = invites.next_request(held, mine, facts, meetings, wording, sequence=sequence)
    except RecipientError as error:
        if sequence is None:
            raise
        # The calendar has to come right some day, and all that was sent so far is a claim on a number.
        raise TemporaryError(str(error)) from error
    if sequence is None and calendar["sequence"]:
        # Where one delivery sends several versions, the later must not be taken for repetitions of the first.
        key = f"{key}/seq{calendar['sequence']}"
    email = replace(email, key=key, invite=invites.invite(calendar))
    return Composed(email, _text(email), (claim.context or {}) | {"calendar": calendar})


def _wording(section: Section, facts: Facts, email: Email, catalog: Catalog, settings: Settings) -> invites.Wording:
    title, description = render.invite_text(section, catalog, facts, settings)
    return invites.Wording(
        title=title,
        description=description,
        place=str(values(facts, settings, catalog.phrases, Medium.EMAIL_TEXT)["discord_channel_url"]),
        organizer_email=settings.from_email,
        organizer_name=settings.from_name,
        attendee_email=email.to,
        rehearsal=settings.rehearsal,
    )


def _is_member(tables: Tables, delivery: Delivery) -> bool:
    return any(user_id == delivery.user_id for user_id, _ in tables.members.get(delivery.group_id or 0, ()))


def _text(email: Email) -> str:
    return f"{email.subject}\n\n{email.text}"
