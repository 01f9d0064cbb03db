"""What decides, besides the tables, who is due: switched-off types and the course files, loaded when asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from notify_cli import due
from notify_cli.errors import ConfigError, UsageError
from notify_cli.registry import TYPES, types_of_section

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.course import Courses


class Rules:
    """The settings that the rules depend on. `faults` are lines for stderr about a course file that cannot be read."""

    def __init__(self, settings: Settings) -> None:
        self.faults: list[str] = []
        self._settings = settings
        self._courses: Courses | None = None
        self._loaded = False

    def policy(self) -> due.Policy:
        """For `due.find`. Raises ConfigError for an unknown name in NOTIFY_DISABLED."""
        disabled = expand(self._settings.disabled, self._settings, "NOTIFY_DISABLED", ConfigError)
        minutes = round(self._settings.meeting_duration.total_seconds() / 60)
        lessons = self._lessons if self._settings.courses else None
        return due.Policy(disabled=disabled, lessons=lessons, meeting_minutes=minutes)

    def courses(self) -> Courses | None:
        """The course files; None where none are set. Where they have faults, nudges are off and reminders go on."""
        if self._settings.courses is None or self._loaded:
            return self._courses
        self._loaded = True
        from notify_cli import course

        try:
            self._courses = course.load(self._settings.courses)
        except ConfigError as error:
            self._courses = course.Courses((), tuple(error.lines))
        self.faults += self._courses.faults
        return self._courses

    def _lessons(self) -> due.Lessons:
        courses = self.courses()
        return courses.by_name() if courses else {}


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
            found.append(name)
        else:
            near = difflib.get_close_matches(name, known | staff_defined, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known | staff_defined))}"
            faults.append(f"{where} names {name!r}, which is no message type: {hint}")
    if faults:
        raise error(*faults)
    return found


def _staff_defined(settings: Settings) -> set[str]:
    from notify_cli import messages

    return set(messages.load(settings.messages).sections)
