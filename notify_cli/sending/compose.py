"""From a claim to the message that goes out: the facts of its recipient, the text of its section, its invite."""

from __future__ import annotations

from dataclasses import dataclass, replace

from notify_cli import keys
from notify_cli.calendar.invites import Version
from notify_cli.config import Settings
from notify_cli.errors import RecipientError, TemporaryError
from notify_cli.log import Claim
from notify_cli.messages import render
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.model import Email, Message
from notify_cli.platform.batch import Tables
from notify_cli.registry import Method
from notify_cli.sending import invitations
from notify_cli.sending.invitations import Invitation


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready to be sent, its text for the log, and the version of a calendar that it carries, if any."""

    message: Message
    text: str
    version: Version | None = None


def message(claim: Claim, tables: Tables, catalog: Catalog, settings: Settings) -> Composed:
    """Render what a claim says.

    Raises RecipientError where this recipient's message cannot be made, TemporaryError where it could be later.
    """
    delivery = claim.delivery
    facts = tables.facts(delivery, (claim.context or {}).get("variables"))
    if (claim.context or {}).get("late"):
        facts = replace(facts, late=True)
    catalog = catalog.for_reader(facts.person.locale if facts.person else None, delivery.reminder_type)
    section = catalog.section(delivery.reminder_type)
    invitation = invitations.of(delivery, facts, tables)
    if invitation is not None:
        return _invitation(claim, section, invitation, tables, catalog, settings)
    key = delivery.notification_key
    if delivery.method is Method.EMAIL:
        email = render.email(section, catalog, facts, settings, key, reminder_id=claim.reminder_id)
        return Composed(email, _text(email))
    way = delivery.method.way
    if way.form == "discord":
        post = render.discord(section, way.parts[0], catalog, facts, settings, key, reminder_id=claim.reminder_id)
        return Composed(post, post.content)
    text = render.text(section, delivery.method, catalog, facts, settings, key)
    return Composed(replace(text, reminder_id=claim.reminder_id), text.content)


def _invitation(
    claim: Claim, section: Section, invitation: Invitation, tables: Tables, catalog: Catalog, settings: Settings
) -> Composed:
    facts, key = invitation.facts, invitation.key
    try:
        if claim.delivery.method is not Method.EMAIL:
            post = render.discord(section, "discord", catalog, facts, settings, key, reminder_id=claim.reminder_id)
            return Composed(post, post.content, invitation.told())
        email = render.email(section, catalog, facts, settings, key, reminder_id=claim.reminder_id)
        invite, version = invitation.email(email.to, section, catalog, settings, tables)
    except RecipientError as error:
        if keys.version_of(claim.delivery.occurrence) is None or invitation.action.cause == "former":
            raise  # an address that was given up is not mended any more
        # The calendar has to come right some day, and all that was sent so far is a claim on a number.
        raise TemporaryError(str(error)) from error
    email = replace(email, invite=invite)
    return Composed(email, _text(email), version)


def _text(email: Email) -> str:
    return f"{email.subject}\n\n{email.text}"
