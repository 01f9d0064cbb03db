"""The checks of the settings: what is missing, where each came from, what does nothing, what is switched off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from notify_cli.check import Check, fault, fine, remark
from notify_cli.config import ENVIRONMENT, Need, Settings, place, rehearsal
from notify_cli.due import Policy

# What to set a missing setting to.
_MENDS = {
    "FRONTEND_URL": "set it to the platform's address, such as https://courses.example.org",
    "SENDGRID_API_KEY": "set it to a key with the scope mail.send, from SendGrid's settings",
    "FROM_EMAIL": "set it to a sender that is verified in SendGrid",
    "DISCORD_BOT_TOKEN": "set it to the bot's token, from Discord's developer portal",
}


def complete(settings: Settings) -> Iterator[Check]:
    """Whether everything is set that sending needs."""
    # A database that is not set is the database's own finding.
    missing = replace(settings, database_url=settings.database_url or "-").missing(Need.SENDING)
    for line in missing:
        name = line.partition(" ")[0]
        yield fault("settings", f"{name} is not set", _MENDS.get(name, "set it"))
    if not missing:
        sender = f"{settings.from_name} <{settings.from_email}>" if settings.from_name else settings.from_email
        yield fine("settings", f"complete; links lead to {settings.frontend_url}, emails come from {sender}")


def origins(settings: Settings) -> Iterator[Check]:
    """Where each setting came from, and what was given and does nothing."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, origin in settings.origins.items():
        names[origin].append(name)
    for origin in sorted(names, key=lambda one: one != ENVIRONMENT):
        yield fine("settings", f"from {place(origin)}: {', '.join(names[origin])}")
    for name in settings.overridden:
        told = f"{name} has another value in the env file: that of the environment is used"
        yield remark("settings", told, f"unset {name} in the environment to use the file's")
    yield from (fault("settings", line.what, line.mend) for line in settings.unknown)
    yield from (remark("settings", line.what, line.mend) for line in settings.foreign)


def switched_off(settings: Settings) -> Iterator[Check]:
    """Which types nobody gets. Raises ConfigError for a name that is no type."""
    disabled = Policy.of(settings).disabled
    if disabled:
        names = ", ".join(disabled)
        yield remark("switched off", f"nobody gets {names}", "take them out of NOTIFY_DISABLED to send them again")


def redirects(settings: Settings) -> Iterator[Check]:
    """Where messages go instead of to people, and what is stopped beside that."""
    for line in rehearsal.lines(replace(settings, outbox=None)):
        yield remark("redirect", line.what, line.mend)
