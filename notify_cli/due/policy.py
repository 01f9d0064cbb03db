"""What decides, besides the tables, who is due: switched-off types and the course files, loaded when asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from notify_cli.due import timing
from notify_cli.due.timing import Timing, shipped
from notify_cli.errors import ConfigError, Line, UsageError
from notify_cli.registry import TYPES, types_of_section

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.config.values import QuietHours
    from notify_cli.course import Courses


# By course name in lower case (`*` for any other), by meeting number as text: the ids of the lessons due there.
Lessons = dict[str, dict[str, list[str]]]
AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Policy:
    """Switched-off types, the lessons of the course files, and the minutes of a meeting where the tables do not say.

    `lessons` is called only when a nudge has someone to look at: what `Courses.by_name` describes. None: no course
    file is set. `courses` gives the files themselves; one with faults has no nudges for its course, and reminders go
    on. A change of meetings goes into calendars once it has stood for `settle`. In a `rehearsal` what counts as sent is
    what rehearsals sent, and it has calendars of its own. `quiet` are hours, in each reader's zone, in which nothing
    personal goes out that can wait. `timing` gives the types that go out by themselves, by default those that come with
    notify, at their times.
    """

    disabled: Collection[str] = ()
    lessons: Callable[[], Lessons] | None = None
    meeting_minutes: int = 60
    courses: Callable[[], Courses | None] = lambda: None
    settle: timedelta = AT_ONCE
    rehearsal: bool = False
    quiet: QuietHours | None = None
    timing: Callable[[], Timing] = shipped

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy that the settings make. Raises ConfigError for an unknown name in NOTIFY_DISABLED."""
        disabled = expand(settings.disabled, settings, "NOTIFY_DISABLED", ConfigError)
        minutes = round(settings.meeting_duration.total_seconds() / 60)
        courses = course_files(settings)

        def lessons() -> Lessons:
            files = courses()
            return files.by_name() if files else {}

        return cls(
            disabled,
            lessons if settings.courses else None,
            minutes,
            courses,
            settle=settings.settle,
            rehearsal=settings.rehearsal,
            quiet=settings.quiet_hours,
            timing=cache(partial(timing.read, settings.messages, courses)),
        )

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the course files, a line each: for whoever computes with lessons, to return with them."""
        files = self.courses()
        return files.faults if files else ()


def course_files(settings: Settings) -> Callable[[], Courses | None]:
    """How to get at the course files, read when they are first asked for; None where none are set."""

    @cache
    def read() -> Courses | None:
        if settings.courses is None:
            return None
        from notify_cli import course

        try:
            return course.load(settings.courses)
        except ConfigError as error:
            return course.Courses((), unread=tuple(error.lines))

    return read


def expand(names: Iterable[str], settings: Settings, where: str, error: type[ConfigError | UsageError]) -> list[str]:
    """Message types by name; the name of a section that several share stands for all of them.

    Raises `error`, which says `where` the names come from, for those that are neither a rule nor in the messages file.
    """
    known = set(TYPES)
    found: list[str] = []
    faults: list[str] = []
    for name in names:
        if name in known:
            found.append(name)
        elif sharing := types_of_section(name):
            found += sorted(one.name for one in sharing)
        elif name in (staff_defined := _staff_defined(settings)):
            found += staff_defined[name]
        else:
            near = difflib.get_close_matches(name, known | staff_defined.keys(), n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known | staff_defined.keys()))}"
            )
            faults.append(Line.of(f"{where} names {name!r}, which is no message type", hint))
    if faults:
        raise error(*faults)
    return found


def _staff_defined(settings: Settings) -> dict[str, list[str]]:
    """By the name of a section of the messages file, or of one of its `send` entries, the types that it stands for."""
    from notify_cli import messages

    sections = messages.load(settings.messages).sections.values()
    entries = {send.name: [send.name] for section in sections for send in section.sends}
    return entries | {one.name: [send.name for send in one.sends] or [one.name] for one in sections}
