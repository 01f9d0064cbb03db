"""The difference that an edited messages file would make to what goes out: deliveries and texts, nothing sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import IsolationLevel

from notify_cli import db, messages
from notify_cli.delivery import Delivery
from notify_cli.due import Policy, upcoming
from notify_cli.errors import ConfigError, NotifyError
from notify_cli.messages.catalog import Catalog
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.config import Settings

PHRASES = "phrases"  # stands for a message type where a phrase differs, whose messages cannot be told


@dataclass(frozen=True, slots=True)
class TextChange:
    """A part of a message, or a phrase, that reads differently; None where there is none. So many `people` get it."""

    reminder_type: str
    part: str
    before: str | None
    after: str | None
    people: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would go out and does not now, and the other way round; at another time it is both. `changed` are texts."""

    added: list[Delivery]
    removed: list[Delivery]
    changed: list[TextChange]

    @property
    def by_type(self) -> Mapping[str, Mapping[str, int]]:
        """How many are added, removed and changed, by message type."""
        counts = {
            "added": Counter(one.reminder_type for one in self.added),
            "removed": Counter(one.reminder_type for one in self.removed),
            "changed": Counter(one.reminder_type for one in self.changed),
        }
        types = sorted({name for count in counts.values() for name in count})
        return {name: {kind: count[name] for kind, count in counts.items()} for name in types}

    @property
    def people(self) -> int:
        """How many readers and channels get something else than now."""
        return len({one.recipient for one in (*self.added, *self.removed)})

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.changed)


def compare(
    connect: Callable[[], db.Connection],
    settings: Settings,
    path: Path,
    *,
    within: timedelta,
    now: datetime | None = None,
) -> Forecast:
    """What the messages file at `path` would change, in one snapshot of the database.

    Raises ConfigError with every fault of that file, DatabaseError.
    """
    before, after = messages.load(settings.messages), messages.load(path)
    edited = replace(settings, messages=path)
    policies = Policy.of(settings), Policy.of(edited)
    faults = [str(finding) for finding in messages.check(after) if finding.severity == "error"]
    if faults or policies[1].timing().faults:
        raise ConfigError(*dict.fromkeys((*faults, *policies[1].timing().faults)))
    with connect() as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with db.errors(), connection.transaction():
            coming = [upcoming.deliveries(connection, policy, within=within, now=now) for policy in policies]
    known, wanted = ({(one.notification_key, one.due_at): one for one in found} for found in coming)
    return Forecast(
        added=[one for key, one in wanted.items() if key not in known],
        removed=[one for key, one in known.items() if key not in wanted],
        changed=[*_texts(before, after, coming[0], coming[1]), *_phrases(before, after)],
    )


def _texts(
    before: Catalog, after: Catalog, known: Sequence[Delivery], wanted: Sequence[Delivery]
) -> Iterator[TextChange]:
    for name in sorted({one.reminder_type for one in (*known, *wanted)}):
        mine = [one for one in wanted if one.reminder_type == name]
        old, new = _parts(before, name), _parts(after, name)
        for part in sorted(old.keys() | new.keys()):
            if old.get(part) != new.get(part):
                people = len({one.recipient for one in mine if part in one.method.way.every_part})
                yield TextChange(name, part, old.get(part), new.get(part), people)


def _parts(catalog: Catalog, name: str) -> dict[str, str]:
    """The texts of a message by its parts; none where the file has no such message."""
    home = catalog.home_of(name)
    try:
        section = home.section(name)
    except NotifyError:
        return {}
    known = {part for method in Method for part in method.way.every_part}
    return {part: text.text for part, text in section.parts.items() if part in known}


def _phrases(before: Catalog, after: Catalog) -> Iterator[TextChange]:
    for name in sorted(before.phrases.keys() | after.phrases.keys()):
        old, new = ((one.phrases[name].text if name in one.phrases else None) for one in (before, after))
        if old != new:
            yield TextChange(PHRASES, name, old, new, 0)
