"""From a claim to the message that goes out: the facts of its recipient, the text of its section, its invite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from notify_cli import invites, render
from notify_cli.catalog import Catalog, Section
from notify_cli.config import Settings
from notify_cli.facts import Tables
from notify_cli.log import Claim
from notify_cli.model import Email, Facts, Message, Method
from notify_cli.variables import Medium, values


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready to be sent, its text for the log, and what the log keeps beside it (`context`, JSON)."""

    message: Message
    text: str
    context: dict[str, Any] | None


def message(claim: Claim, tables: Tables, catalog: Catalog, settings: Settings) -> Composed:
    """Render what a claim says. Raises RecipientError where this recipient's message cannot be made."""
    delivery = claim.delivery
    section = catalog.section(delivery.reminder_type)
    facts = tables.facts(delivery, (claim.context or {}).get("variables"))
    if delivery.method is Method.EMAIL:
        return _email(claim, section, facts, tables, catalog, settings)
    part = "discord" if delivery.method is Method.DISCORD_DM else "discord_channel"
    key = delivery.notification_key
    post = render.discord(section, part, catalog, facts, settings, key, reminder_id=claim.reminder_id)
    return Composed(post, post.content, claim.context)


def _email(
    claim: Claim, section: Section, facts: Facts, tables: Tables, catalog: Catalog, settings: Settings
) -> Composed:
    delivery = claim.delivery
    held = tables.calendars.get(invites.key(delivery.group_id or 0, delivery.user_id or 0))
    if delivery.reminder_type == invites.CANCEL:
        facts = invites.named_group(facts, held, delivery.group_id)
    email = render.email(section, catalog, facts, settings, delivery.notification_key, reminder_id=claim.reminder_id)
    context = claim.context
    if delivery.reminder_type in invites.KINDS:
        mine = (context or {}).get("calendar")
        meetings = tables.meetings.get(delivery.group_id or 0, ())
        if delivery.reminder_type == invites.CANCEL:
            calendar = invites.next_cancel(
                held, mine, facts, leaving=bool(meetings) and delivery.group_id in tables.groups
            )
        else:
            wording = _wording(section, facts, email, catalog, settings)
            calendar = invites.next_request(held, mine, facts, meetings, wording)
        context = (context or {}) | {"calendar": calendar}
        email = replace(email, invite=invites.invite(calendar))
    return Composed(email, f"{email.subject}\n\n{email.text}", context)


def _wording(section: Section, facts: Facts, email: Email, catalog: Catalog, settings: Settings) -> invites.Wording:
    title, description = render.invite_text(section, catalog, facts, settings)
    return invites.Wording(
        title=title,
        description=description,
        place=str(values(facts, settings, catalog.phrases, Medium.EMAIL_TEXT)["discord_channel_url"]),
        organizer_email=settings.from_email,
        organizer_name=settings.from_name,
        attendee_email=email.to,
    )
