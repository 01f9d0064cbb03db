"""The messages as plain values: a catalog of sections, a section of parts, a part with the line it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from notify_cli.errors import ConfigError, NotifyError, UsageError
from notify_cli.messages import languages, template, timing
from notify_cli.messages.languages import ENGLISH
from notify_cli.messages.spelling import suggestion
from notify_cli.messages.template import Template
from notify_cli.messages.timing import Send
from notify_cli.registry import TYPES, MessageType

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong (`error`: it would not be sent, or be wrong) or doubtful (`warning`) at a line of the file.

    `section` is the message whose sending it concerns, empty where it concerns none.
    """

    line: int
    text: str
    severity: Severity = "error"
    file: str = "messages.yaml"
    section: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {'warning: ' if self.severity == 'warning' else ''}{self.text}"


@dataclass(frozen=True)
class Text:
    """A text and the line of the file on which it begins.

    `source` is the text as written where its line breaks are not those of the file (quoted or folded over lines).
    `language`, a BCP 47 tag, decides how many words a count has.
    """

    text: str
    line: int
    source: str = ""
    language: str = ENGLISH

    @cached_property
    def template(self) -> Template:
        """The parsed text; parsed once, however many messages are made from it."""
        return template.parse(self.text, self.language)

    @cached_property
    def page(self) -> Template:
        """The text as Markdown made into HTML, see `markdown.page`."""
        from notify_cli.messages import markdown  # here: only an email needs it

        return markdown.page(self.template)

    @cached_property
    def plain(self) -> Template:
        """The text without its Markdown, see `markdown.plain`."""
        from notify_cli.messages import markdown

        return markdown.plain(self.text, self.language)

    def line_of(self, offset: int, snippet: str) -> int:
        """The line of the file on which the piece at `offset` stands."""
        if not self.source:
            return self.line + self.text.count("\n", 0, offset)
        nth = self.text.count(snippet, 0, offset)
        found = -1
        for _ in range(nth + 1):
            found = self.source.find(snippet, found + 1)
            if found < 0:
                return self.line
        return self.line + self.source.count("\n", 0, found)


@dataclass(frozen=True)
class Section:
    """One message: its parts by name. `variables` are those that whoever sends it must give.

    `unread` are the parts that the file has and that cannot be read, each told as a fault of the catalog. `sends` say
    when it goes out by itself, empty where the file does not; `absorbs` is a type whose content this one has too.
    """

    name: str
    line: int
    parts: dict[str, Text]
    variables: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    sends: tuple[Send, ...] = ()
    absorbs: str = ""


@dataclass(frozen=True)
class Catalog:
    """A whole messages file. `phrases` stand in where a fact can rightly be missing.

    `faults` are those of form: a section that has one is not sent, the others are. `packaged` speaks for a message
    that goes out by itself and has no section here; None for the packaged file itself. `language` is a BCP 47 tag.
    `translations` are the files beside this one, by their language: each speaks for the sections that it has.
    """

    path: Path
    sections: dict[str, Section]
    phrases: Mapping[str, Text] = field(default_factory=dict)
    faults: tuple[Finding, ...] = ()
    packaged: Catalog | None = None
    language: str = ENGLISH
    translations: Mapping[str, Catalog] = field(default_factory=dict)

    def section(self, reminder_type: str) -> Section:
        """The section for a reminder type: one of that very name, else the one it shares, else the packaged one.

        Raises ConfigError when the section of a rule is nowhere, UsageError when there is no such type.
        """
        return self.home_of(reminder_type)._own(reminder_type)

    def for_reader(self, locale: str | None, reminder_type: str) -> Catalog:
        """The catalog that speaks to a reader: the one of their language, if it has this message without a fault."""
        translation = self.translations.get(languages.tag(locale)) if locale else None
        if translation is None or not translation.speaks_for(reminder_type):
            return self
        return translation

    def speaks_for(self, reminder_type: str) -> bool:
        """Whether this file itself has the message, and nothing of its form is wrong."""
        names = _names(reminder_type) if reminder_type in TYPES else {reminder_type}
        if not names & self.sections.keys():
            return False
        section = self._own(reminder_type)
        broken = any(text.template.faults for text in section.parts.values())
        return not broken and all(fault.section != section.name for fault in self.faults)

    def home_of(self, reminder_type: str) -> Catalog:
        """The catalog whose section speaks for a reminder type: this one, or the packaged one."""
        lacks = reminder_type in TYPES and not _names(reminder_type) & self.sections.keys()
        return self.packaged if lacks and self.packaged else self

    def _own(self, reminder_type: str) -> Section:
        message_type = TYPES.get(reminder_type)
        names = (reminder_type, message_type.shared_section) if message_type else (reminder_type,)
        found = next((self.sections[name] for name in names if name in self.sections), None)
        if found is None and (named := self.sending(reminder_type)):
            return named
        if found is None:
            raise self._unknown(reminder_type)
        return found

    def kind(self, reminder_type: str) -> MessageType | None:
        """What a type is that goes out by itself, also one that the file declares; None for any other message."""
        section = None if reminder_type in TYPES else self.sending(reminder_type)
        sends = section.sends if section else ()
        declared = next((send for send in sends if send.name == reminder_type), None)
        return TYPES.get(reminder_type) or (
            timing.message_type(declared, section.parts) if declared and section else None
        )

    def sending(self, reminder_type: str) -> Section | None:
        """The section that goes out by itself under this name, if the file has one."""
        return next((one for one in self.sections.values() if reminder_type in [send.name for send in one.sends]), None)

    def _unknown(self, reminder_type: str) -> NotifyError:
        if reminder_type in TYPES:
            wanted = TYPES[reminder_type].shared_section
            return ConfigError(f"{self.path.name}:1: section {wanted} is missing: {reminder_type} needs it")
        hint = suggestion(reminder_type, [*self.sections, *TYPES])
        return UsageError(f"no message type {reminder_type!r} in {self.path.name}{hint}: `notify preview` lists them")


def _names(reminder_type: str) -> set[str]:
    return {reminder_type, TYPES[reminder_type].shared_section}
