"""Every message as its reader will see it: with sample data, or for somebody with all that is true of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from notify_cli import db, preview, times
from notify_cli.config import Settings
from notify_cli.due.policy import course_files
from notify_cli.errors import NotifyError
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.model import Email
from notify_cli.page import discord, month, words
from notify_cli.page.redaction import ADDRESS, Redaction
from notify_cli.page.view import Chat, Invite, Message, Shown
from notify_cli.platform import batch
from notify_cli.platform.tables import Tables
from notify_cli.preview import Preview, sample
from notify_cli.preview import target as targets
from notify_cli.preview.target import SAMPLE, Named, Target
from notify_cli.registry import types_of_section

_LANGUAGES = {"en": "English"}

Subject = Callable[[Catalog, str], tuple[Tables, Target]]


@dataclass(frozen=True, slots=True)
class Author:
    """Who speaks: what messages say of our own, and for whom no name may be told."""

    settings: Settings
    redaction: Redaction
    now: datetime

    @property
    def complete(self) -> Settings:
        """The settings, with stand-ins for what is not set; no link of somebody's own where nobody is to be told."""
        settings = preview.complete(self.settings)
        if self.redaction.on and settings.unsubscribe_url:
            settings = replace(settings, unsubscribe_url=f"{settings.frontend_url}/unsubscribe")
        return settings


def sampled(author: Author) -> Subject:
    """A reader who exists nowhere."""
    return lambda _, name: (sample.tables(author.now, author.complete, name), SAMPLE)


def real(author: Author, connection: db.Connection, user_id: int) -> Subject:
    """Somebody real. What it returns raises UsageError, ConfigError, DatabaseError."""
    courses = course_files(author.settings)()

    def subject(catalog: Catalog, name: str) -> tuple[Tables, Target]:
        found = targets.find(connection, name, preview.needs(catalog, name, (), None), Named(user_id))
        deliveries = preview.deliveries(name, found, author.now, catalog.kind(name))
        tables = batch.load(connection, deliveries, author.complete, courses)
        return _redacted(tables, author.redaction), found

    return subject


def every(author: Author, catalog: Catalog, subject: Subject) -> list[Message]:
    """Every section of the messages file, and those that stand in for what it lacks, in the order of the file."""
    home = catalog.packaged
    lacking = [name for name in (home.sections if home else ()) if name not in catalog.sections]
    names = [*catalog.sections, *(name for name in lacking if types_of_section(name))]
    return [_message(author, catalog, name, subject) for name in names]


def _message(author: Author, catalog: Catalog, name: str, subject: Subject) -> Message:
    section = catalog.sections.get(name) or catalog.section(name)
    shown = [_shown(author, catalog, name, subject, _language(catalog.language))]
    for translation in catalog.translations.values():
        if name in translation.sections:
            shown.append(_shown(author, translation, name, subject, _language(translation.language)))
    return Message(name, words.title(name), list(_when(section, catalog)), shown)


def _when(section: Section, catalog: Catalog) -> Iterator[str]:
    """When it goes out by itself, or how staff send it."""
    told = [words.when(send) for send in section.sends]
    if not told:
        shipped = catalog.packaged.sections.get(section.name) if catalog.packaged else None
        told = [words.when(send) for send in shipped.sends] if shipped else []
    if not told:
        told = [words.by_itself(one.name) for one in types_of_section(section.name)]
    yield from filter(None, told)
    if not any(told):
        yield f"when somebody sends it: notify send {section.name}"


def _shown(author: Author, catalog: Catalog, name: str, subject: Subject, language: str) -> Shown:
    try:
        tables, target = subject(catalog, name)
        made = preview.make(catalog, name, tables, target, author.complete)
    except NotifyError as error:
        return Shown(language, faults=[author.redaction.words(line) for line in error.lines])
    return Shown(
        language,
        email=_email(made, author.redaction),
        chats=list(_chats(author, made)),
        texts=[(m.way.title, t.content) for m, t in made.texts.items() if m.way.form == "text"],
        invite=_invite(made, author.now),
        faults=[author.redaction.words(f"{words.title(part)}: {error}") for part, error in made.errors.items()],
    )


def _email(made: Preview, redaction: Redaction) -> Email | None:
    if made.email is None or not redaction.on:
        return made.email
    # An update of a calendar goes to the address that the calendar has, whatever the person's is now.
    return replace(made.email, to=ADDRESS)


def _chats(author: Author, made: Preview) -> Iterator[Chat]:
    for method, message in made.texts.items():
        if method.way.form == "discord":
            limit = f" of {method.way.limit:,}" if method.way.limit else ""
            yield Chat(
                method.way.title,
                author.settings.from_name or "Course bot",
                discord.html(message.content, made.timezone, author.now),
                f"{len(message.content):,}{limit} characters",
            )


def _invite(made: Preview, now: datetime) -> Invite | None:
    calendar = made.calendar
    if calendar is None:
        return None
    starts = [one.starts_at for one in calendar.occurrences]
    zone = times.zone_at(starts[0] if starts else now, made.timezone)
    return Invite(
        calendar.title,
        calendar.description.strip(),
        zone,
        calendar.method == "CANCEL",
        month.months(starts, made.timezone),
    )


def _redacted(tables: Tables, redaction: Redaction) -> Tables:
    if not redaction.on:
        return tables
    redaction.know(name for members in tables.members.values() for _, name in members)
    people = {user_id: redaction.person(person) for user_id, person in tables.people.items()}
    members = {
        group_id: tuple((user_id, f"Member {number}") for number, (user_id, _) in enumerate(found, start=1))
        for group_id, found in tables.members.items()
    }
    return replace(tables, people=people, members=members)


def _language(tag: str) -> str:
    if tag in _LANGUAGES:
        return _LANGUAGES[tag]
    from babel import Locale

    return Locale.parse(tag).get_display_name("en") or tag
