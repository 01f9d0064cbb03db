"""One message of a plan as its reader will see it, shown before it goes out, or sent to whoever looks first."""

from __future__ import annotations

from dataclasses import replace

from notify_cli import channels
from notify_cli.config import OUTBOX_FRONTEND_URL, Settings
from notify_cli.delivery import Delivery
from notify_cli.errors import DeliveryError, UsageError
from notify_cli.log import Claim
from notify_cli.manual.plan import Plan
from notify_cli.model import Email, Message
from notify_cli.registry import Method
from notify_cli.sending import compose


def render(planned: Plan, settings: Settings, *methods: Method) -> tuple[Delivery, Message] | None:
    """The first message of a plan that goes out by one of these methods (none: by any), with its delivery.

    None where no such message can be made.
    """
    # Whoever sends what is stored knows the links; whoever stores it need not.
    settings = replace(settings, frontend_url=settings.frontend_url or OUTBOX_FRONTEND_URL)
    for delivery in planned.going or planned.kept:
        if methods and delivery.method not in methods:
            continue
        try:
            claim = Claim(delivery, 0, 1, delivery.context)
            return delivery, compose.message(claim, planned.tables, planned.content.catalog, settings).message
        except DeliveryError:
            continue
    return None


def send(planned: Plan, redirected: Settings) -> tuple[Delivery, Email]:
    """Send the first email of a plan, to where all emails are `redirected`, and write nothing of it into the log.

    Returns it with its delivery. Raises UsageError where the plan has no email; DeliveryError, ConfigError.
    """
    found = render(planned, redirected, Method.EMAIL)
    if found is None or not isinstance(found[1], Email):
        raise UsageError("--test-to sends an email, and nobody would get one: look with --dry-run")
    delivery, email = found[0], replace(found[1], reminder_id=None)
    channel = channels.open_channel(Method.EMAIL, redirected)
    try:
        channel.send(channel.prepare(email))
    finally:
        channel.close()
    return delivery, email
