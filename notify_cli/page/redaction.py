"""Leaving people out: a page that can be shown to anybody names nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from notify_cli.model import Person

NOBODY = "a reader"
ADDRESS = "reader@example.org"

_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_IDS = re.compile(r"\b((?:user|person|member|people|reader)s?(?:_id)?)([ _=#:]+)\d+(?:(?:, | and )\d+)*", re.IGNORECASE)
_HOME = re.compile(r"/(?:home|Users)/[^/\s]+")
_SNOWFLAKE = re.compile(r"\b\d{15,20}\b")  # an id of Discord


@dataclass(slots=True)
class Redaction:
    """Takes names, addresses and ids of people out of words. One that is not `on` leaves everything as it is."""

    on: bool
    _names: set[str] = field(default_factory=set)
    _pattern: re.Pattern[str] | None = None

    def know(self, names: Iterable[str | None]) -> None:
        """These are names or addresses of people."""
        self._names |= {name for name in names if name and name.strip()}
        found = sorted(map(re.escape, self._names), key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(found)})(?!\w)") if found else None

    def words(self, text: str) -> str:
        """The text without what is known of people, and without what looks like an address or id of theirs."""
        if not self.on:
            return text
        if self._pattern:
            text = self._pattern.sub(NOBODY, text)
        text = _SNOWFLAKE.sub("…", _ADDRESS.sub(ADDRESS, _HOME.sub("~", text)))
        return _IDS.sub(r"\1\2…", text)

    def names(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names of people; none where nobody is named."""
        return () if self.on else tuple(names)

    def person(self, person: Person) -> Person:
        """Somebody of whom nothing is told but where they are and what language they read."""
        if not self.on:
            return person
        self.know([person.name, person.email, person.discord_id])
        return Person(
            person.user_id,
            "Reader",
            ADDRESS if person.email else None,
            "100000000000000000" if person.discord_id else None,
            person.timezone,
            locale=person.locale,
        )
