"""When message types go out: the `send` lines of the messages file in the form that the rules take them in.

An idle sweep parses no YAML: what it needs is kept in notify.timing, by a digest of the files that it was read from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from notify_cli import db, keys, sql
from notify_cli.config import packaged
from notify_cli.delivery import Delivery
from notify_cli.errors import ConfigError
from notify_cli.registry import ASSIGNED, PARTS, TIMED, TYPES, MessageType, Method, methods_of, types_of_section

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses
    from notify_cli.messages import Catalog, Section
    from notify_cli.messages.timing import Send

_SQL = sql.Folder(__file__)
_FORM = 2  # of what is kept: a release that needs it otherwise counts this up


@dataclass(frozen=True, slots=True)
class Timed:
    """A type that goes out by itself, as types.sql takes it; `section` and `absorbs` are names, `due` is an interval.

    `due` and `until` are None for a type whose rule knows its time itself.
    """

    name: str
    rule: str
    subject: str
    job: str
    methods: tuple[str, ...]
    outlives_group: bool = False
    due: str | None = None
    until: str | None = None
    due_at_end: bool = False
    until_at_end: bool = False
    audience: str = "members"
    share: int | None = None
    courses: tuple[str, ...] | None = None
    absorbs: str = ""

    def delivery_like(self, other: Delivery) -> Delivery:
        """The delivery of this type to the reader of another about the same meeting, by the same method."""
        return replace(other, job_id=keys.job_id(self, other.meeting_id or 0), reminder_type=self.name)

    @property
    def has_post(self) -> bool:
        """Whether it goes into the group's channel too."""
        return any(Method(method).way.post for method in self.methods)


@dataclass(frozen=True)
class Timing:
    """Every type that goes out by itself, by name, and what is wrong with `send` lines, a line each.

    A section whose `send` lines have a fault has no type here: nobody can tell when its message is due.
    """

    types: Mapping[str, Timed]
    faults: tuple[str, ...] = ()
    digest: str = field(default="", compare=False)

    @cached_property
    def absorbing(self) -> Mapping[str, frozenset[str]]:
        """By a type, those that have its content too."""
        taken = {one.absorbs for one in self.types.values() if one.absorbs}
        return {
            name: frozenset(one.name for one in self.types.values() if one.absorbs == name) for name in sorted(taken)
        }

    def parameter(self, names: Collection[str] | None = None) -> str:
        """For types.sql, JSON: these types, None for all."""
        return json.dumps([_fields(one) for one in self.types.values() if names is None or one.name in names])

    @classmethod
    def of(cls, catalog: Catalog, courses: Courses | None = None) -> Timing:
        """What a messages file says, and the packaged one for the messages of which it does not say it.

        A course that is named in it has all the names that `courses` knows of it.
        """
        from notify_cli.messages.timing import misfit

        ours = catalog.packaged or catalog
        found: dict[str, Timed] = {}
        faults: list[str] = []
        for section in _sections(catalog):
            lines = [str(fault) for fault in catalog.faults if fault.section == section.name]
            whole = not types_of_section(section.name) and {*PARTS} <= section.unread
            if "send" in section.unread or whole:
                faults += lines
                continue
            for send in section.sends or _shipped(ours, section):
                if told := misfit(send):
                    faults.append(f"{catalog.path.name}:{send.line}: {section.name}: {told}")
                    continue
                meant = [courses.names_of(name) if courses else {name} for name in send.courses]
                whole_send = replace(
                    send, absorbs=send.absorbs or section.absorbs, courses=tuple(sorted(set().union(*meant)))
                )
                found.setdefault(send.name, _timed(whole_send, _speaking(catalog, send.name, section)))
        for kind in TYPES.values():
            if not _is_timed(kind):
                methods = tuple(method.value for method in kind.methods)
                found[kind.name] = Timed(kind.name, kind.rule, kind.subject, kind.job, methods, kind.outlives_group)
        return cls(found, tuple(faults))


@lru_cache(maxsize=1)
def shipped() -> Timing:
    """That of the packaged messages file."""
    from notify_cli import messages

    return Timing.of(messages.load(None))


def read(path: Path | None, courses: Callable[[], Courses | None] = lambda: None) -> Timing:
    """That of a messages file; of one that cannot be read as a whole that of the packaged one, with its faults.

    `courses` gives the course files, for what names a course.
    """
    from notify_cli import messages

    try:
        catalog = messages.load(path)
        named = any(send.courses for section in catalog.sections.values() for send in section.sends)
        return Timing.of(catalog, courses() if named else None)
    except ConfigError as error:
        return Timing(shipped().types, tuple(error.lines))


class Beginning(NamedTuple):
    """What a sweep begins with: the timing, when a host has swept last (None: never), and what time it is now."""

    timing: Timing
    last_swept_at: datetime | None
    now: datetime


def kept(
    connection: db.Connection,
    settings: Settings,
    courses: Callable[[], Courses | None],
    *,
    now: datetime | None = None,
) -> Beginning:
    """The same without parsing, where a sweep has read these very files before. Raises DatabaseError."""
    digest = _digest(settings.messages)
    [row] = db.rows(connection, _SQL("timing"), {"digest": digest, "now": now})
    kept = row.compiled
    if kept is None or kept["course_names"] not in (None, _names_digest(settings)):
        return Beginning(read(settings.messages, courses), row.last_swept_at, row.now)
    types = [_from_fields(each) for each in kept["types"]]
    found = Timing({one.name: one for one in types}, tuple(kept["faults"]), digest)
    return Beginning(found, row.last_swept_at, row.now)


def keep(connection: db.Connection, settings: Settings, timing: Timing) -> None:
    """Let the next sweeps find it without parsing. Raises DatabaseError."""
    if timing.digest:
        return
    compiled = {
        "types": [_fields(one) for one in timing.types.values()],
        "faults": timing.faults,
        # where no type is for some courses alone, no course file is asked what their names are
        "course_names": _names_digest(settings) if any(one.courses for one in timing.types.values()) else None,
    }
    params = {"digest": _digest(settings.messages), "compiled": json.dumps(compiled)}
    db.execute(connection, _SQL("keep_timing"), params)


def _sections(catalog: Catalog) -> list[Section]:
    """Those of the file, and of the packaged one those of messages that it lacks."""
    own = list(catalog.sections.values())
    if catalog.packaged is None:
        return own
    lacking = {
        one.shared_section for one in TYPES.values() if _is_timed(one) and catalog.home_of(one.name) is not catalog
    }
    return own + [section for name, section in catalog.packaged.sections.items() if name in lacking]


def _is_timed(kind: MessageType) -> bool:
    """Whether `send` lines say when a type goes out, and not its rule alone."""
    return kind.rule in TIMED or kind.name == ASSIGNED


def _shipped(ours: Catalog, section: Section) -> tuple[Send, ...]:
    """The timing of a message of ours whose section does not say it."""
    shipped_with = ours.sections.get(section.name)
    return shipped_with.sends if shipped_with else ()


def _speaking(catalog: Catalog, name: str, section: Section) -> Section:
    """The section with the words of a type: one of its own name, else the one that says when it goes out."""
    return catalog.sections.get(name, section)


def _timed(send: Send, section: Section) -> Timed:
    from notify_cli.messages.timing import message_type

    kind = message_type(send, section.parts)
    # A part with a fault is one: its message waits until it is mended, and is not thought to be taken out.
    parts = {*section.parts, *section.unread}
    return Timed(
        name=send.name,
        rule=kind.rule,
        subject=kind.subject,
        job=kind.job,
        methods=tuple(method.value for method in methods_of(parts)),
        due=f"{send.when.offset.total_seconds():.0f} seconds",
        until=f"{send.until.offset.total_seconds():.0f} seconds",
        due_at_end=send.when.at_end,
        until_at_end=send.until.at_end,
        audience=send.audience,
        share=send.share,
        courses=send.courses or None,
        absorbs=send.absorbs,
    )


def _digest(path: Path | None) -> str:
    """Of the messages files and of all else that decides what is read from them."""
    ours = [f"{one.name}/{one.rule}/{one.job}/{','.join(one.parts)}" for one in TYPES.values()]
    return _digest_of((path, packaged.messages()), f"{_FORM} {' '.join(ours)}")


def _names_digest(settings: Settings) -> str:
    """Of the course files, which say what a course is called."""
    path = settings.courses
    try:
        return _digest_of(sorted(path.iterdir()) if path and path.is_dir() else [path])
    except OSError as error:
        return str(error)


def _digest_of(files: Iterable[Path | None], more: str = "") -> str:
    from hashlib import sha256

    found = sha256(more.encode())
    for file in files:
        if file is None:
            continue
        try:
            found.update(file.read_bytes())
        except OSError as error:
            found.update(str(error).encode())
    return found.hexdigest()


def _fields(one: Timed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Timed.__slots__}


def _from_fields(kept: Mapping[str, Any]) -> Timed:
    courses = kept["courses"]
    return Timed(**{**kept, "methods": tuple(kept["methods"]), "courses": tuple(courses) if courses else None})
