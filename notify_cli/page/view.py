"""What stands on the page, as plain values: every word is chosen by then, the template only lays it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from notify_cli.model import Email


@dataclass(frozen=True, slots=True)
class Chat:
    """A message on Discord: where it is posted, its HTML (see discord.html), and how long it is of what is allowed."""

    title: str
    author: str
    html: str
    length: str


@dataclass(frozen=True, slots=True)
class Square:
    """A day of a month; `inside` is false for those of the months beside it, `meetings` are times of the clock."""

    day: date
    inside: bool
    meetings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks of seven days, Monday first."""

    title: str
    weeks: tuple[tuple[Square, ...], ...]


@dataclass(frozen=True, slots=True)
class Invite:
    """What a calendar shows of an invite; `removed` are meetings that it takes out again."""

    title: str
    description: str
    zone: str
    removed: bool
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One message in one language. `faults` say why a part of it cannot be made."""

    language: str
    email: Email | None = None
    chats: Sequence[Chat] = ()
    texts: Sequence[tuple[str, str]] = ()
    invite: Invite | None = None
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One section of the messages file: what it is called, when it goes out, how it looks in each language."""

    name: str
    title: str
    when: Sequence[str]
    shown: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class People:
    """Recipients by name; `more` is how many there are besides."""

    names: Sequence[str] = ()
    more: int = 0

    @classmethod
    def first(cls, names: Sequence[str], most: int) -> Self:
        """The first of these, at most so many."""
        return cls(names[:most], max(0, len(names) - most))


@dataclass(frozen=True, slots=True)
class Coming:
    """Messages of one type that go out together; `about` is the group."""

    at: str
    title: str
    about: str
    count: str
    overdue: bool
    people: People


@dataclass(frozen=True, slots=True)
class Day:
    """A day to come; `more` is how many lines are left out."""

    title: str
    count: str
    lines: Sequence[Coming]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """A day that is over: counts by what became of it, and the share of each in the busiest day, in percent."""

    title: str
    counts: dict[str, int]
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """Deliveries that came to nothing for one reason; `at` is the last of them."""

    at: str
    title: str
    status: str
    reason: str
    count: str
    people: People


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of the person."""

    rule: str
    verdict: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of the installation found; `state` is fault, note or ok."""

    state: str
    check: str
    detail: str
    fix: str


@dataclass(slots=True)
class Page:
    """The whole page."""

    made_at: datetime
    made: str
    version: str
    messages_file: str
    notes: Sequence[str] = ()
    person: str = ""
    verdicts: Sequence[tuple[str, Sequence[Verdict]]] = ()
    messages: Sequence[Message] = ()
    days: Sequence[Day] | None = None
    coming: int = 0
    past: Sequence[Past] | None = None
    totals: dict[str, int] = field(default_factory=dict)
    failures: Sequence[Failure] = ()
    findings: Sequence[Finding] = ()
    redacted: bool = False
    outbox: str = ""

    @property
    def faults(self) -> int:
        """How many findings are faults."""
        return sum(finding.state == "fault" for finding in self.findings)
