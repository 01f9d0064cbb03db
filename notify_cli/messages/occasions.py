"""What a message says of meetings and of calendars: words that depend on when it is read, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from notify_cli import times
from notify_cli.messages import languages
from notify_cli.model import Change, Facts

_DAYS = {-1: "day_yesterday", 0: "day_today", 1: "day_tomorrow"}
_MOST, _MOST_ON_DISCORD = 60, 12  # changes that are told one by one
CHANGES = ("moved", "added", "removed", "length", "link")
REASONS = ("left", "ended", "cleared", "former", "merged")


@dataclass(frozen=True, slots=True)
class Phrase:
    """An entry of `phrases` in the messages file, by its name: its words are what is said."""

    name: str


# A sentence or a part of one, lines of a list, or a phrase; None where these facts have nothing to tell.
Told = str | list[str] | Phrase | None


@dataclass(frozen=True, slots=True)
class Manner:
    """How times are written for a reader: in their IANA zone (UTC for None) and language.

    `on_discord` they are written so that every viewer reads them in their own zone. `phrase` gives the words of a
    phrase of the messages file, None for one that the file lacks.
    """

    zone: str | None
    language: str
    on_discord: bool
    phrase: Callable[[str], str | None]

    def said(self, name: str) -> str:
        """The words of a phrase; its name where the file lacks it."""
        return self.phrase(name) or name

    def at(self, at: datetime) -> str:
        """`Saturday 28 February 13:00 CET`."""
        if self.on_discord:
            return f"<t:{int(at.timestamp())}:F>"
        return f"{languages.appointment(at, self.zone, self.language)} {times.zone_at(at, self.zone)}"

    def between(self, before: datetime, after: datetime) -> str:
        """`Saturday 28 February 13:00 → Tuesday 3 March 10:00 CET`, the zone once where it has one name."""
        zone = times.zone_at(after, self.zone)
        if self.on_discord or times.zone_at(before, self.zone) != zone:
            return f"{self.at(before)} → {self.at(after)}"
        was, will_be = (languages.appointment(at, self.zone, self.language) for at in (before, after))
        return f"{was} → {will_be} {zone}"


def day(facts: Facts, manner: Manner) -> Told:
    """`today`, `tomorrow`, `on Thursday`, `on Thursday 12 February`, by the reader's calendar at this moment."""
    if facts.meeting is None:
        return None
    at = facts.meeting.starts_at
    if manner.on_discord:
        return f"<t:{int(at.timestamp())}:D>"
    days = times.days_between(facts.now, at, manner.zone)
    if days in _DAYS:
        return Phrase(_DAYS[days])
    tell = languages.weekday if 0 < days < 7 else languages.date
    return f"{manner.said('day_on')} {tell(at, manner.zone, manner.language)}"


def your_meeting(facts: Facts, _: Manner) -> Told:
    """The meeting that a message is about: in other words for the one that no other comes before."""
    if facts.meeting is None:
        return None
    return Phrase("your_next_meeting" if facts.is_next else "your_meeting")


def invite_note(facts: Facts, _: Manner) -> Told:
    """Where the calendar invite of the group is to be found."""
    if facts.group is None:
        return None
    return Phrase("invite_by_email" if facts.by_email else "invite_not_by_email")


def changes(facts: Facts, manner: Manner) -> Told:
    """What is new in the reader's calendar, a line for each change; None for a message about something else."""
    if facts.cause is None:
        return None
    if facts.cause == "first" and facts.by_email:
        return Phrase("changes_first")
    most = _MOST_ON_DISCORD if manner.on_discord else _MOST
    lines = [_line(change, manner) for change in facts.changes[:most]]
    if left := len(facts.changes) - len(lines):
        lines.append(f"{left} {manner.said('change_more')}")
    return lines or Phrase("changes_address" if facts.cause == "address" else "changes_none")


def reason(facts: Facts, manner: Manner) -> Told:
    """Why a series is taken out of the reader's calendar; None for a message about something else."""
    if facts.cause == "merged" and facts.changes:
        return changes(facts, manner)
    return Phrase(f"reason_{facts.cause}") if facts.cause in REASONS else None


def _line(change: Change, manner: Manner) -> str:
    """`moved: 4. Saturday 28 February 13:00 → Tuesday 3 March 10:00 CET`."""
    number = "" if change.number is None else f"{change.number}. "
    what = f"{manner.said(f'change_{change.kind}')}: {number}"
    if change.kind == "moved" and change.before and change.after:
        return what + manner.between(change.before.starts_at, change.after.starts_at)
    line = what + manner.at(change.at)
    if change.kind == "length" and change.after:
        return f"{line}, {languages.distance(change.after.duration, manner.language)}"
    return line
