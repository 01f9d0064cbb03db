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
from notify_cli.messages.catalog import Catalog, Text
from notify_cli.model import Person
from notify_cli.platform import people

if TYPE_CHECKING:
    from notify_cli.config import Settings

PHRASES = "phrases"  # stands for a message type where a phrase differs, whose messages cannot be told


@dataclass(frozen=True, slots=True)
class TextChange:
    """A part of a message, or a phrase, that reads differently; None where there is none. So many `people` get it.

    `part` names the language too, where it is that of another file than the main one: `email_subject (de)`.
    """

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
            readers = people.by_id(connection, {one.user_id for one in coming[1] if one.user_id is not None})
    # The files in other languages stay as they are, but for those that lie beside the edited one.
    after = replace(after, translations={**before.translations, **after.translations})
    known, wanted = ({(one.notification_key, one.due_at): one for one in found} for found in coming)
    return Forecast(
        added=[one for key, one in wanted.items() if key not in known],
        removed=[one for key, one in known.items() if key not in wanted],
        changed=[*_texts(before, after, coming[0], coming[1], readers), *_phrases(before, after)],
    )


def _texts(
    before: Catalog,
    after: Catalog,
    known: Sequence[Delivery],
    wanted: Sequence[Delivery],
    readers: Mapping[int, Person],
) -> Iterator[TextChange]:
    """What reads differently, in the main file and in each other language; those who read that language get it."""

    def file_for(one: Delivery) -> Catalog:
        reader = readers.get(one.user_id or 0)
        return after.for_reader(reader.locale if reader else None, one.reminder_type)

    for name in sorted({one.reminder_type for one in (*known, *wanted)}):
        mine = [(one, file_for(one)) for one in wanted if one.reminder_type == name]
        for language in ("", *sorted(after.translations)):
            was, will_be = before.for_reader(language, name), after.for_reader(language, name)
            if language and was is before and will_be is after:
                continue  # the main file speaks to them
            old, new = _parts(was, name), _parts(will_be, name)
            for part in sorted(old.keys() | new.keys()):
                if old.get(part) != new.get(part):
                    given = {
                        one.recipient for one, file in mine if file is will_be and part in one.method.way.every_part
                    }
                    yield TextChange(name, _in(part, language), old.get(part), new.get(part), len(given))


def _parts(catalog: Catalog, name: str) -> dict[str, str]:
    """The texts of a message by its parts; none where the file has no such message."""
    home = catalog.home_of(name)
    try:
        section = home.section(name)
    except NotifyError:
        return {}
    return {part: text.text for part, text in section.parts.items()}


def _phrases(before: Catalog, after: Catalog) -> Iterator[TextChange]:
    changed = dict(_changed(before.phrases, after.phrases))
    yield from (TextChange(PHRASES, name, old, new, 0) for name, (old, new) in changed.items())
    for language, made in sorted(after.translations.items()):
        former = before.translations.get(language, before).phrases
        for name, (old, new) in _changed(former, made.phrases):
            if changed.get(name) != (old, new):  # else it is the main file's, which stands in
                yield TextChange(PHRASES, _in(name, language), old, new, 0)


def _changed(
    before: Mapping[str, Text], after: Mapping[str, Text]
) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    for name in sorted(before.keys() | after.keys()):
        old, new = ((one[name].text if name in one else None) for one in (before, after))
        if old != new:
            yield name, (old, new)


def _in(part: str, language: str) -> str:
    """`email_subject`, in another language `email_subject (de)`."""
    return f"{part} ({language})" if language else part
