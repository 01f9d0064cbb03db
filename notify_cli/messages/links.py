"""Where the links of a message lead, as plain text; None where no setting tells."""

from __future__ import annotations

from urllib.parse import quote

from notify_cli import addresses, unsubscribe
from notify_cli.config import Settings
from notify_cli.model import Facts


def frontend(settings: Settings, path: str = "") -> str | None:
    """A page of the course site."""
    base = settings.frontend_url.rstrip("/")
    return base + path if base else None


def profile(facts: Facts, settings: Settings) -> str | None:
    """The reader's profile page."""
    return frontend(settings, "/profile") if facts.person else None


def unsubscribing(facts: Facts, settings: Settings) -> str | None:
    """The reader's own link to stop our emails, else the profile page."""
    url = unsubscribe.link(settings, facts.person.user_id) if facts.person else ""
    return url or profile(facts, settings)


def discord_channel(facts: Facts, settings: Settings) -> str | None:
    """The group's channel on Discord, else the server, else the course site."""
    group = facts.group
    server = (group.server_id if group else None) or settings.discord_server_id
    channel = group.discord_channel_id if group else None
    if server.isdigit() and channel and channel.isdigit():
        return f"https://discord.com/channels/{server}/{channel}"
    return _server(settings, server)


def discord_invite(facts: Facts, settings: Settings) -> str | None:
    """The invitation to our Discord server, else the server, else the course site."""
    url = settings.discord_invite_url
    server = settings.discord_server_id or (facts.group.server_id if facts.group else None) or ""
    return url if addresses.is_web(url) else _server(settings, server)


def join(facts: Facts, settings: Settings) -> str | None:
    """The meeting itself, else the group's channel."""
    if facts.meeting is None:
        return None
    return facts.meeting.join_url or discord_channel(facts, settings)


def lesson(facts: Facts, settings: Settings) -> str | None:
    """The next lesson to do, else the course, else the course site."""
    if facts.unfinished:
        return frontend(settings, f"/lessons/{quote(facts.unfinished[0].lesson_id, safe='')}")
    return frontend(settings, f"/courses/{quote(facts.course_slug, safe='')}" if facts.course_slug else "")


def _server(settings: Settings, server: str) -> str | None:
    return f"https://discord.com/channels/{server}" if server.isdigit() else frontend(settings)
