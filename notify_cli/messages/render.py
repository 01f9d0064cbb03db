"""One message for one reader: a section of the messages file filled with facts, escaped for where it goes."""

from __future__ import annotations

from collections.abc import Iterable

from notify_cli import addresses, times, unsubscribe
from notify_cli.config import Settings
from notify_cli.errors import ConfigError, RecipientError
from notify_cli.messages import escape, links, page, timing
from notify_cli.messages.catalog import Catalog, Section, Text
from notify_cli.messages.medium import Medium
from notify_cli.messages.variables import TIMES, Values
from notify_cli.model import DiscordMessage, Email, Facts, Group, Person, TextMessage
from notify_cli.registry import DISCORD_LIMIT, Method, types_of_section


def email(
    section: Section,
    catalog: Catalog,
    facts: Facts,
    settings: Settings,
    key: str,
    *,
    reminder_id: int | None = None,
    with_page: bool = True,
) -> Email:
    """The email for `facts.person`; an invite is the caller's to add (`dataclasses.replace`).

    Without its page it has no HTML: to read Markdown takes longer than all else of a look at one message.

    Raises RecipientError for an absent or malformed address and for a variable that these facts do not give,
    ConfigError for a section that lacks a part or has a fault. Under NOTIFY_REDIRECT_EMAIL it goes to that address,
    its subject saying for whom it was.
    """
    person = _reader(facts)
    to = _email_address(person)
    subject = _line(section, "email_subject", catalog, facts, settings)
    body = _part(section, "email_body", catalog)
    words = _values(section, catalog, facts, settings, Medium.EMAIL_TEXT)
    text = _said(body.plain.fill(words), section, "email_body").strip()
    text = f"{late}\n\n{text}" if (late := _late(words)) else text
    footer = _footer(section, words, settings, person)
    redirect = settings.redirect_email
    return Email(
        key=key,
        to=addresses.on_the_wire(redirect) if redirect else to,
        to_name=escape.one_line(person.name),
        subject=f"[to user_{person.user_id}] {subject}" if redirect else subject,
        text=f"{text}\n{footer.text}",
        html=_html(section, catalog, facts, settings, subject, text, footer) if with_page else "",
        reminder_id=reminder_id,
        user_id=person.user_id,
        thread=f"group_{facts.group.group_id}" if facts.group else "",
    )


def discord(
    section: Section,
    part: str,
    catalog: Catalog,
    facts: Facts,
    settings: Settings,
    key: str,
    *,
    reminder_id: int | None = None,
) -> DiscordMessage:
    """The direct message (`part` is `discord`) to `facts.person` or the post (`discord_channel`) for `facts.group`.

    Raises RecipientError where there is no address, for a variable that these facts do not give, and for a text over
    2,000 characters: it is neither split nor cut. Discord counts Unicode code points, as `len` does (a Discord
    engineer in discord-api-docs#1315). Under NOTIFY_REDIRECT_DISCORD it becomes a direct message to that user, its
    first line saying what it would have been.
    """
    discord_id, channel_id, was_for = _address(part, facts)
    content = _filled(section, part, catalog, facts, settings, Medium.DISCORD).strip()
    words = _values(section, catalog, facts, settings, Medium.DISCORD)
    content = f"{late}\n\n{content}" if (late := _late(words)) else content
    if len(content) > DISCORD_LIMIT:
        raise RecipientError(f"the text is {len(content)} characters long, Discord allows {DISCORD_LIMIT}: shorten it")
    if settings.redirect_discord:
        discord_id, channel_id = settings.redirect_discord, None
        # What fits as it is must not fail in staging only: the text gives way to its label there.
        content = f"[{was_for}]\n{content}"[:DISCORD_LIMIT]
    return DiscordMessage(key, content, discord_id, channel_id, reminder_id)


def text(section: Section, method: Method, catalog: Catalog, facts: Facts, settings: Settings, key: str) -> TextMessage:
    """The message of a method that carries plain text, to the address that its registry line names.

    Raises RecipientError where there is no address, for a variable that these facts do not give, and for a text longer
    than the method takes.
    """
    way = method.way
    owner = _group(facts) if way.post else _reader(facts)
    to = getattr(owner, way.address, None)
    if not to:
        raise RecipientError(f"no {way.lacks}")
    content = _filled(section, way.parts[0], catalog, facts, settings, Medium.EMAIL_TEXT).strip()
    if way.limit and len(content) > way.limit:
        raise RecipientError(f"the text is {len(content)} characters long, {way.limit} are allowed: shorten it")
    return TextMessage(key, content, to)


def invite_text(section: Section, catalog: Catalog, facts: Facts, settings: Settings) -> tuple[str, str]:
    """Title and description of the calendar invite as plain text; raises as `email` does."""
    title = _filled(section, "calendar_title", catalog, facts, settings, Medium.CALENDAR)
    description = _filled(section, "calendar_description", catalog, facts, settings, Medium.CALENDAR)
    return escape.one_line(title), description.strip()


def required_variables(section: Section, parts: Iterable[str] | None = None) -> set[str]:
    """The variables that these parts use; None means all parts of the section."""
    wanted = section.parts.keys() if parts is None else parts
    texts = [section.parts[part] for part in wanted if part in section.parts]
    return {slot.name for text in texts for slot in text.template.slots}


def missing(
    section: Section, catalog: Catalog, parts: Iterable[str] | None, facts: Facts, settings: Settings
) -> dict[str, str]:
    """The variables these parts use that these facts do not give, each with a sentence that says what it needs."""
    values = _values(section, catalog, facts, settings, Medium.EMAIL_TEXT)
    found: dict[str, str] = {}
    for name in sorted(required_variables(section, parts)):
        try:
            values[name]
        except RecipientError as error:
            found[name] = str(error)
    return found


def _html(
    section: Section, catalog: Catalog, facts: Facts, settings: Settings, subject: str, text: str, footer: page.Footer
) -> str:
    if "email_html" not in section.parts:
        values = _values(section, catalog, facts, settings, Medium.EMAIL_PAGE)
        content = _part(section, "email_body", catalog).page.fill(values)
        in_html = _values(section, catalog, facts, settings, Medium.EMAIL_HTML)
        content = f"<p>{late}</p>\n{content}" if (late := _late(in_html)) else content
        return page.wrap(content, subject, text, footer, settings, catalog.language)
    own = _filled(section, "email_html", catalog, facts, settings, Medium.EMAIL_HTML)
    if "<html" in own.lower():
        return page.with_footer(own, footer)
    return page.wrap(own, subject, text, footer, settings, catalog.language)


def _footer(section: Section, words: Values, settings: Settings, person: Person) -> page.Footer:
    types = types_of_section(section.name)
    profile = links.profile_page(settings)
    in_utc = bool(person.timezone and person.timezone.strip()) and times.zone_name(person.timezone) is None
    tells_times = not TIMES.isdisjoint(required_variables(section, Method.EMAIL.way.parts))
    declared = timing.message_type(section.sends[0], section.parts) if section.sends else None
    kind = types[0] if types else declared
    about = {"meeting": "group"}.get(kind.subject, kind.subject) if kind else "other"
    return page.Footer(
        who=settings.footer or settings.from_name,
        why=words.phrase(f"why_{about}") or "",
        link=unsubscribe.link(settings, person.user_id),
        label=words.phrase("unsubscribe") or "",
        zone=(words.phrase("zone_unknown") or "") if in_utc and tells_times and profile else "",
        zone_link=profile or "",
    )


def _email_address(person: Person) -> str:
    """Where an email goes, as servers know it; what no server could take fails here, before any request."""
    address = escape.trimmed(person.email or "")
    if not address:
        raise RecipientError("no email address")
    if addresses.fault(address):
        raise RecipientError("the email address is malformed")
    try:
        return addresses.on_the_wire(address)
    except ValueError:
        raise RecipientError("the email address is malformed") from None


def _address(part: str, facts: Facts) -> tuple[str | None, str | None, str]:
    """Discord id, channel id, and in words for whom it is."""
    if part == "discord_channel":
        group = _group(facts)
        if not group.discord_channel_id:
            raise RecipientError("the group has no Discord channel")
        return None, group.discord_channel_id, f"post in the channel of group_{group.group_id}"
    person = _reader(facts)
    if not person.discord_id:
        raise RecipientError("no Discord account")
    return person.discord_id, person.dm_channel_id, f"to user_{person.user_id}"


def _line(section: Section, part: str, catalog: Catalog, facts: Facts, settings: Settings) -> str:
    return escape.one_line(_filled(section, part, catalog, facts, settings, Medium.HEADER))


def _filled(section: Section, part: str, catalog: Catalog, facts: Facts, settings: Settings, medium: Medium) -> str:
    text = _part(section, part, catalog)
    return _said(text.template.fill(_values(section, catalog, facts, settings, medium)), section, part)


def _values(section: Section, catalog: Catalog, facts: Facts, settings: Settings, medium: Medium) -> Values:
    return Values(facts, settings, catalog.phrases, medium, section.name, catalog.language)


def _late(words: Values) -> str | None:
    """That it comes later than it should have, if it does."""
    return words.phrase("late") if words.facts.late else None


def _said(filled: str, section: Section, part: str) -> str:
    if not filled or filled.isspace():
        raise RecipientError(f"{section.name}: {part} is empty once it is filled in")
    return filled


def _part(section: Section, part: str, catalog: Catalog) -> Text:
    """A part of a section; ConfigError for one that is missing or has a fault."""
    text = section.parts.get(part)
    if text is None:
        raise ConfigError(f"{catalog.path.name}:{section.line}: {section.name}: {part} is missing")
    if text.template.faults:
        where = f"{catalog.path.name}:{{}}: {section.name}: {part}: "
        lines = [(text.line_of(fault.offset, fault.snippet), fault.text) for fault in text.template.faults]
        raise ConfigError(*(where.format(line) + reason for line, reason in lines))
    return text


def _reader(facts: Facts) -> Person:
    if facts.person is None:
        raise RecipientError("this message needs a reader")
    return facts.person


def _group(facts: Facts) -> Group:
    if facts.group is None:
        raise RecipientError("this post needs a group")
    return facts.group
