"""The grammar of a course file: from YAML to its lessons in order, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Entry:
    """A lesson in its place. `meeting` is the number of the meeting it is due at, None after the last one."""

    lesson_id: str
    title: str | None
    optional: bool
    meeting: int | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a course file says. `aliases` are its former names, `name_line` is the line of its slug or id."""

    slug: str | None
    course_id: str | None
    title: str | None
    name_line: int
    entries: tuple[Entry, ...]
    aliases: tuple[str, ...] = ()


def read(path: Path, faults: list[str]) -> Content:
    """Read one file; adds what is wrong to `faults`, as `path:LINE: ...`.

    Of a file that cannot be read as a course it is the names that it seems to have, so that it is known whose it is.
    """
    found: list[tuple[int, str]] = []
    content, text = None, ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=_Loader)
        content = _Reader(found).course(root)
    except OSError as error:
        faults.append(f"{path}: {error.strerror}")
    except UnicodeDecodeError as error:
        found.append((error.object[: error.start].count(b"\n") + 1, "not UTF-8 text: save the file as UTF-8"))
        text = error.object.decode(errors="replace")
    except yaml.reader.ReaderError as error:
        found.append((text[: error.position].count("\n") + 1, f"bad YAML: {error.reason}"))
    except yaml.YAMLError as error:
        found.append(_yaml_fault(error))
    except RecursionError:
        found.append((1, "bad YAML: it is nested too deeply"))
    faults.extend(f"{path}:{line}: {told}" for line, told in sorted(found))
    return content or _names_in(text, path)


def read_title(stream: TextIO) -> str | None:
    """The top-level `title` of a lesson file, reading no further than that. Raises yaml.YAMLError."""
    depth, key = 0, None
    for event in yaml.parse(stream, Loader=_Loader):
        if depth == 0 and isinstance(event, yaml.SequenceStartEvent):
            break
        if isinstance(event, yaml.CollectionStartEvent):
            depth, key = depth + 1, "" if depth == 1 else None
        elif isinstance(event, yaml.CollectionEndEvent):
            depth, key = depth - 1, None
        elif isinstance(event, yaml.DocumentEndEvent):
            break
        elif depth == 1 and isinstance(event, yaml.NodeEvent):
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if key == "title":
                return value.strip() or None
            key = value if key is None else None
    return None


class _Reader:
    """Walks the nodes of one file, since only they know their lines."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self._faults = faults
        self._entries: list[Entry] = []
        self._last_meeting = 0

    def course(self, root: Node | None) -> Content | None:
        if not isinstance(root, MappingNode):
            self._faults.append((_line(root) if root else 1, "expected a course: `progression:` or `modules:`"))
            return None
        fields = self._fields(root, None)
        shapes = [name for name in ("progression", "modules") if name in fields]
        if len(shapes) != 1:
            given = "both `progression` and `modules`: keep one" if shapes else "neither `progression` nor `modules`"
            self._fault(root, f"the course has {given}")
        elif shapes == ["progression"]:
            self._each(fields["progression"], "progression", self._progression_entry)
        else:
            self._each(fields["modules"], "modules", self._module)
        named = fields.get("slug") or fields.get("id") or root
        return Content(
            slug=self._text(fields.get("slug"), "slug"),
            course_id=self._text(fields.get("id"), "id"),
            title=self._text(fields.get("title"), "title"),
            name_line=_line(named),
            entries=tuple(self._entries),
            aliases=self._aliases(fields.get("aliases")),
        )

    def _aliases(self, node: Node | None) -> tuple[str, ...]:
        """One name, or a list of names."""
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        return tuple(name for each in nodes if (name := self._text(each, "aliases")))

    def _progression_entry(self, node: Node, _: int) -> None:
        fields = self._fields(node, ("lesson", "meeting", "title", "optional"))
        if "lesson" in fields and "meeting" in fields:
            self._fault(node, "a lesson and a meeting in one entry: give each its own `-`")
        elif "lesson" in fields:
            self._lesson(fields["lesson"], fields, None)
        elif "meeting" in fields:
            number = self._meeting_number(fields["meeting"])
            self._entries = [
                Entry(entry.lesson_id, entry.title, entry.optional, number) if entry.meeting is None else entry
                for entry in self._entries
            ]
        elif fields or not isinstance(node, MappingNode):
            self._fault(node, "expected `- lesson: ID` or `- meeting: N`")

    def _module(self, node: Node, position: int) -> None:
        if not isinstance(node, MappingNode):
            self._fault(node, "expected a module: `- id: ID` with `lessons:`")
            return
        fields = self._fields(node, ("id", "title", "number", "lessons", "description"))
        number = self._meeting_number(fields["number"]) if "number" in fields else position
        if "number" not in fields:
            self._last_meeting = number
        if "lessons" not in fields:
            self._fault(node, "the module has no `lessons`")
            return
        self._each(fields["lessons"], "lessons", lambda entry, _: self._module_lesson(entry, number))

    def _module_lesson(self, node: Node, meeting: int) -> None:
        if isinstance(node, ScalarNode):
            self._lesson(node, {}, meeting)
            return
        fields = self._fields(node, ("id", "lesson", "title", "optional"))
        named = fields.get("lesson") or fields.get("id")
        if named is not None:
            self._lesson(named, fields, meeting)
        elif fields or not isinstance(node, MappingNode):
            self._fault(node, "expected a lesson: its id, or `id:` with a `title:`")

    def _lesson(self, named: Node, fields: dict[str, Node], meeting: int | None) -> None:
        before = len(self._faults)
        lesson_id = self._text(named, "lesson")
        if lesson_id is None:
            if len(self._faults) == before:
                self._fault(named, "the lesson has no id")
            return
        if any(entry.lesson_id == lesson_id for entry in self._entries):
            return  # it counts once, at its first place
        title, optional = self._text(fields.get("title"), "title"), self._flag(fields.get("optional"))
        self._entries.append(Entry(lesson_id, title, optional, meeting))

    def _meeting_number(self, node: Node) -> int:
        """The number of a mark; where it is wrong, the next one that could be meant."""
        text = self._text(node, "meeting") or ""
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            self._fault(node, f"meeting `{text}` is not a whole number from 1")
            return self._last_meeting + 1
        number = int(text)
        if number <= self._last_meeting:
            self._fault(node, f"meeting {number} comes after meeting {self._last_meeting}: numbers must go up")
        self._last_meeting = max(number, self._last_meeting)
        return number

    def _each(self, node: Node, name: str, read: Callable[[Node, int], None]) -> None:
        if not isinstance(node, SequenceNode):
            self._fault(node, f"`{name}` is not a list: expected `- ...` under it")
            return
        for position, item in enumerate(node.value, start=1):
            read(item, position)

    def _fields(self, node: Node, known: tuple[str, ...] | None) -> dict[str, Node]:
        """The keys of a mapping. A platform may keep more in its course files, but a slip of the pen is a fault."""
        fields: dict[str, Node] = {}
        for key, value in node.value if isinstance(node, MappingNode) else ():
            name = key.value if isinstance(key, ScalarNode) else "?"
            if known is not None and name not in known:
                from difflib import get_close_matches  # only ever needed beside a fault

                close = get_close_matches(name, known, n=1, cutoff=0.75)
                if close:
                    self._fault(key, f"unknown key `{name}`: did you mean `{close[0]}`?")
            if name in fields:
                self._fault(key, f"`{name}` is given twice")
            fields[name] = value
        return fields

    def _text(self, node: Node | None, name: str) -> str | None:
        """A scalar as it is written: an id such as 12 or 007 is text."""
        if node is None or node.tag == _TAG + "null":
            return None
        if not isinstance(node, ScalarNode):
            self._fault(node, f"`{name}` is not a text")
            return None
        text = str(node.value).strip()
        if re.search(r"[\0\ud800-\udfff]", text):  # written as escapes; the database takes neither
            self._fault(node, f"`{name}` has a NUL in it, or half of a character: take the escape out")
            return None
        return text or None

    def _flag(self, node: Node | None) -> bool:
        if node is None:
            return False
        if node.tag != _TAG + "bool":
            self._fault(node, "`optional` is neither true nor false")
            return False
        return str(node.value).lower() in ("true", "yes", "on")

    def _fault(self, node: Node, text: str) -> None:
        self._faults.append((_line(node), text))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _names_in(text: str, path: Path) -> Content:
    """The names that stand at the left edge of a text that is no course; where there is none, that of the file."""
    found = {
        key: value.strip(" \t\"'") for key, value in re.findall(r"^(slug|id|title):[ \t]*([^#\n]*)", text, re.MULTILINE)
    }
    former = re.findall(r"^aliases:[ \t]*\[([^\]]*)", text, re.MULTILINE)
    aliases = [alias.strip(" \t\n\"'") for listed in former for alias in listed.split(",")]
    slug = found.get("slug") or (None if found.get("id") else path.stem)
    return Content(slug, found.get("id"), found.get("title"), 1, (), tuple(filter(None, aliases)))


def _yaml_fault(error: yaml.YAMLError) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        problem = error.problem or error.context or "it cannot be read"
        if "another document" in problem:
            told = "a course file is YAML from end to end: here is another `---`, as in Markdown with YAML at its head"
            return error.problem_mark.line + 1, told
        hint = " (a tab: indent with spaces)" if "\\t" in problem else ""
        return error.problem_mark.line + 1, f"bad YAML: {problem}{hint}"
    return 1, f"bad YAML: {error}"
