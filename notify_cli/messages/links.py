"""Where the links of a message lead, as plain text; None where no setting tells."""

from __future__ import annotations

from urllib.parse import quote

from notify_cli import addresses, unsubscribe
from notify_cli.config import Settings
from notify_cli.model import Facts


def frontend(settings: Settings) -> str | None:
    """The course site."""
    return settings.frontend_url.rstrip("/") or None


def profile(facts: Facts, settings: Settings) -> str | None:
    """The reader's profile page."""
    return profile_page(settings) if facts.person else None


def profile_page(settings: Settings) -> str | None:
    """The page of the platform on which readers see their own profile."""
    return _page(settings.url_profile, settings)


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
    course = facts.course_slug
    if facts.unfinished:
        page = _page(settings.url_lesson, settings, lesson_id=facts.unfinished[0].lesson_id, course=course)
    else:
        page = _page(settings.url_course, settings, course=course)
    return page or frontend(settings)


def _page(pattern: str, settings: Settings, **given: str | None) -> str | None:
    """A page of the platform by its pattern in the settings; None where something that stands in it is not known."""
    values = {"frontend": frontend(settings)} | {
        name: None if value is None else quote(value, safe="") for name, value in given.items()
    }
    for name, value in values.items():
        if f"{{{name}}}" not in pattern:
            continue
        if value is None:
            return None
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


def _server(settings: Settings, server: str) -> str | None:
    return f"https://discord.com/channels/{server}" if server.isdigit() else frontend(settings)
