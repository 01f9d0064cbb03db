"""From a claim to the message that goes out: the facts of its recipient, the text of its section, its invite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from notify_cli import keys
from notify_cli.config import Settings
from notify_cli.delivery import Delivery
from notify_cli.errors import RecipientError, TemporaryError
from notify_cli.messages import render
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.model import Email, Facts, Message
from notify_cli.platform.tables import Tables
from notify_cli.registry import Method, has_invite

if TYPE_CHECKING:
    from notify_cli.calendar.invites import Version
    from notify_cli.sending.invitations import Invitation


class Said(Protocol):
    """What a message is made of: a claim (`log.Claim`), or what stands for one where nothing is sent."""

    @property
    def delivery(self) -> Delivery:
        """To whom, and about what."""

    @property
    def reminder_id(self) -> int | None:
        """The row of the log that it is sent for."""

    @property
    def context(self) -> dict[str, Any] | None:
        """What the log keeps beside it: `variables` are what its sender has given."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready to be sent, its text for the log, and the version of a calendar that it carries, if any."""

    message: Message
    text: str
    version: Version | None = None


def message(claim: Said, tables: Tables, catalog: Catalog, settings: Settings, *, with_page: bool = True) -> Composed:
    """Render what a claim says; an email without its HTML where that is not looked at.

    Raises RecipientError where this recipient's message cannot be made, TemporaryError where it could be later.
    """
    delivery = claim.delivery
    facts = tables.facts(delivery, (claim.context or {}).get("variables"))
    if (claim.context or {}).get("late"):
        facts = replace(facts, late=True)
    catalog = catalog.for_reader(facts.person.locale if facts.person else None, delivery.reminder_type)
    section = catalog.section(delivery.reminder_type)
    invitation = _invited(delivery, facts, tables)
    if invitation is not None:
        return _invitation(claim, section, invitation, tables, catalog, settings)
    key = delivery.notification_key
    if delivery.method is Method.EMAIL:
        email = render.email(section, catalog, facts, settings, key, reminder_id=claim.reminder_id, with_page=with_page)
        return Composed(email, _text(email))
    way = delivery.method.way
    if way.form == "discord":
        post = render.discord(section, way.parts[0], catalog, facts, settings, key, reminder_id=claim.reminder_id)
        return Composed(post, post.content)
    text = render.text(section, delivery.method, catalog, facts, settings, key)
    return Composed(replace(text, reminder_id=claim.reminder_id), text.content)


def _invited(delivery: Delivery, facts: Facts, tables: Tables) -> Invitation | None:
    if not has_invite(delivery.reminder_type):
        return None
    from notify_cli.sending import invitations  # with all of calendar/, which no other message needs

    return invitations.of(delivery, facts, tables)


def _invitation(
    claim: Said, section: Section, invitation: Invitation, tables: Tables, catalog: Catalog, settings: Settings
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
