"""The course files: which lessons are due at which meeting, and what they are called.

Two shapes. A flat `progression` of `- lesson: ID` and `- meeting: N` marks: the lessons between two marks are due at
the second, those after the last mark at no meeting. Or, older, `modules: [{id, title, lessons: [...]}]`: a module is
due at the meeting of its position in the list, the first at meeting 1, unless it says `number: N`; its `id` is only
a name. A lesson with `optional: true` does not count; one that is listed twice counts once, at its first place.
docs/courses.md shows the format whole.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from notify_cli.course import file as course_file
from notify_cli.course.file import Content, Entry
from notify_cli.errors import ConfigError
from notify_cli.model import Lesson

# The key of `Courses.by_name` for a group whose course no file names.
ANY_COURSE = "*"


@dataclass(frozen=True, slots=True)
class Course:
    """One course file. `slug` is its `slug`, else its `id`; None if it has neither. `names` has its aliases too.

    `faults` are lines about what is wrong with it, `path:LINE: ...`: then nobody can tell which lessons are due.
    """

    path: Path
    slug: str | None
    title: str | None
    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    faults: tuple[str, ...] = ()
    _titles: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def due_by_meeting(self) -> dict[int, list[str]]:
        """The ids of the lessons that count, in course order, under the number of the meeting they are due at."""
        due: dict[int, list[str]] = {}
        for entry in self.entries:
            if entry.meeting is not None and not entry.optional:
                due.setdefault(entry.meeting, []).append(entry.lesson_id)
        return due

    def lessons_for(self, meeting_number: int | None) -> tuple[Lesson, ...]:
        """The lessons that count for a meeting, with their titles; none for a meeting the file does not know."""
        ids = self.due_by_meeting().get(meeting_number, []) if meeting_number is not None else []
        return tuple(Lesson(lesson_id, self.title_of(lesson_id)) for lesson_id in ids)

    def title_of(self, lesson_id: str) -> str:
        """The title in the entry, else in the lesson's own file, else the id. Read when first asked for."""
        if lesson_id not in self._titles:
            given = next((entry.title for entry in self.entries if entry.lesson_id == lesson_id), None)
            self._titles[lesson_id] = given or _title_in_file(self.path, lesson_id) or lesson_id
        return self._titles[lesson_id]

    def knows(self, lesson_id: str) -> bool:
        """Whether the lesson is in this course."""
        return any(entry.lesson_id == lesson_id for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Courses:
    """All course files, by file name. Names match trimmed and in any case.

    A file with faults holds up the groups of its own course alone. `unread` are lines about files of which not even
    that is known: there are none where they should be.
    """

    files: tuple[Course, ...]
    unread: tuple[str, ...] = ()

    @property
    def courses(self) -> tuple[Course, ...]:
        """Those whose files have no fault."""
        return tuple(course for course in self.files if not course.faults)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the files, a line each."""
        return (*self.unread, *dict.fromkeys(fault for course in self.files for fault in course.faults))

    def by_name(self) -> dict[str, dict[str, list[str]]]:
        """What the rules need: `{course name in lower case: {meeting number: [lesson id, ...]}}`.

        A slug, id or alias wins over another file's title; ANY_COURSE is the file for every other name, if there is
        one. A course whose file has faults has no lessons here.
        """
        found = dict(reversed(list(self._names())))
        if (fallback := self._fallback()) is not None:
            found[ANY_COURSE] = fallback
        return {
            name: {} if course.faults else {str(number): ids for number, ids in course.due_by_meeting().items()}
            for name, course in found.items()
        }

    def course_for(self, name: str | None) -> Course | None:
        """The course of a group: by `slug`, `id` or alias, then by `title`, else default.yaml, else the only file.

        None where there is none, and where its file has faults.
        """
        found = self._meant(name)
        return None if found is None or found.faults else found

    def faults_for(self, name: str | None) -> tuple[str, ...]:
        """Why nobody can tell which lessons are due in the course of this name, a line for each fault."""
        found = self._meant(name)
        return (*self.unread, *(found.faults if found else ()))

    def names_of(self, name: str) -> set[str]:
        """Every name in lower case of the course that goes by this one; the name alone where no file has it."""
        wanted = _folded(name)
        meant = next((course for key, course in self._names() if key == wanted), None)
        return {wanted} | {key for key, course in self._names() if course is meant}

    def course_of(self, lesson_id: str) -> Course | None:
        """The first course that has a lesson, when none is known, as for a trial lesson."""
        return next((course for course in self.courses if course.knows(lesson_id)), None)

    def title_of(self, lesson_id: str) -> str:
        """A lesson's title when no course is known, as for a trial lesson: from the first course that has it."""
        having = [course for course in self.courses if course.knows(lesson_id)]
        titles = (course.title_of(lesson_id) for course in having or self.courses)
        return next((title for title in titles if title != lesson_id), lesson_id)

    def _meant(self, name: str | None) -> Course | None:
        wanted = _folded(name or "")
        return next((course for key, course in self._names() if key == wanted), self._fallback())

    def _names(self) -> Iterator[tuple[str, Course]]:
        """Every name of every course, the strongest first."""
        yield from ((_folded(name), course) for course in self.files for name in course.names)
        yield from ((_folded(course.title), course) for course in self.files if course.title)

    def _fallback(self) -> Course | None:
        default = next((course for course in self.files if course.path.stem == "default"), None)
        return default or (self.files[0] if len(self.files) == 1 else None)


def load(path: Path) -> Courses:
    """Read a course file, or every `*.yaml` and `*.yml` in a folder, and return it with every fault of every file.

    Raises ConfigError where there is nothing to read: no such file or folder, or a folder without a course file.
    """
    courses: list[Course] = []
    for file in _files(path):
        faults: list[str] = []
        content = course_file.read(file, faults)
        names = [name for name in (content.slug, content.course_id, *content.aliases) if name]
        faults += _taken(file, content, names, courses)
        slug = content.slug or content.course_id
        courses.append(Course(file, slug, content.title, tuple(dict.fromkeys(names)), content.entries, tuple(faults)))
    return Courses(tuple(courses))


def _taken(file: Path, content: Content, names: Iterable[str], before: list[Course]) -> Iterator[str]:
    """A line for each name that another file has too. Nobody can tell which is meant: neither speaks for anybody."""
    for name in dict.fromkeys(map(_folded, names)):
        for number, other in enumerate(before):
            if name in map(_folded, other.names):
                fault = f"{file}:{content.name_line}: {other.path} is the course `{name}` already"
                before[number] = replace(other, faults=(*other.faults, fault))
                yield fault


def _files(path: Path) -> list[Path]:
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return [path]
        named = [file for file in sorted(path.iterdir()) if file.suffix in (".yaml", ".yml") and file.name[0] != "."]
        files = [file for file in named if file.is_file()]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if not files:
        raise ConfigError(f"{path}: the folder has no course file (*.yaml)")
    return files


def _folded(name: str) -> str:
    return name.strip().lower()


def _title_in_file(course_path: Path, lesson_id: str) -> str | None:
    # An id is a name, never a way to another folder.
    if any(sign in lesson_id for sign in "/\\\0") or lesson_id.startswith("."):
        return None
    folder = Path(os.path.abspath(course_path)).parent
    for lessons in (folder / "lessons", folder.parent / "lessons"):
        try:
            with (lessons / f"{lesson_id}.yaml").open(encoding="utf-8-sig") as stream:
                title = course_file.read_title(stream)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # a lesson without a readable title is called by its id: no reason to withhold a message
        if title:
            return title
    return None
