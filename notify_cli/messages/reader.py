"""From the text of a messages file to a catalog: what is wrong is collected, and stays with the section it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from notify_cli.errors import ConfigError
from notify_cli.messages import malformed, timing
from notify_cli.messages.catalog import Catalog, Finding, Section, Text
from notify_cli.messages.languages import ENGLISH
from notify_cli.messages.spelling import nearest, suggestion
from notify_cli.messages.timing import Send
from notify_cli.registry import PARTS

# The C parser reads the file in about a millisecond: this runs every minute in which something is due.
_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_SECTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PHRASES = "phrases"
_EMPTY = "the file is empty: restore it, or unset NOTIFY_MESSAGES to use the packaged one"

Pair = tuple[str, yaml.Node, yaml.Node]


def read(path: Path, source: str, language: str = ENGLISH) -> Catalog:
    """The catalog of a file's text; `language` is a BCP 47 tag.

    Raises ConfigError where no section at all can be told from the others.
    """
    read_by = _Reader(path, source.splitlines(), language)
    try:
        root = yaml.compose(source, Loader=_LOADER)
    except RecursionError:
        raise ConfigError(f"{path.name}:1: it is nested too deeply: a message has parts, a part has text") from None
    except yaml.YAMLError as error:
        return read_by.apart(source, error)
    if root is None:
        raise ConfigError(f"{path.name}:1: {_EMPTY}")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            f"{path.name}:{_line(root)}: the file must hold messages by name, indented by two spaces below it"
        )
    return read_by.catalog(root)


class _Reader:
    """Turns YAML nodes into a catalog and collects what is wrong instead of stopping at it."""

    def __init__(self, path: Path, lines: list[str], language: str) -> None:
        self.path = path
        self.lines = lines
        self.language = language
        self.faults: list[Finding] = []
        self._sections: dict[str, Section] = {}
        self._phrases: dict[str, Text] = {}
        self._begun: dict[str, int] = {}  # the line of each name at the left edge
        self._owner = ""  # the section that is being read

    def catalog(self, root: yaml.Node) -> Catalog:
        """The catalog of a file that is YAML."""
        self._read(root)
        return self._made()

    def apart(self, source: str, error: yaml.YAMLError) -> Catalog:
        """The catalog of a file that is not, read section by section. Raises ConfigError if that does not help."""
        for name, start, text in _blocks(source):
            try:
                root = yaml.compose("\n" * start + text, Loader=_LOADER)
            except (yaml.YAMLError, RecursionError) as fault:
                self._malformed(name, start, text, fault)
            else:
                if root is not None:
                    self._read(root)
        if not self.faults or not self._begun:
            # Only together are they wrong: it cannot be told which of them.
            raise ConfigError(*(str(found) for found in malformed.faults(self.path.name, 0, source, error)))
        return self._made()

    def _made(self) -> Catalog:
        return Catalog(self.path, self._sections, self._phrases, tuple(sorted(self.faults)), language=self.language)

    def _malformed(self, name: str, start: int, text: str, error: Exception) -> None:
        self.faults += malformed.faults(self.path.name, start, text, error, section=name)
        if name:
            self._begin(name, start + 1)
            if name != _PHRASES and name not in self._sections:
                self._sections[name] = Section(name, start + 1, {}, unread=frozenset(PARTS))

    def _begin(self, name: str, line: int) -> bool:
        """Note where a section begins; False, and a fault, where one of that name did before."""
        if name in self._begun:
            self._owner = name
            self._fault(line, f"the file: {name} stands here twice, first in line {self._begun[name]}")
            return False
        self._begun[name] = line
        return True

    def _read(self, root: yaml.Node) -> None:
        self._owner = ""
        for name, key, node in self._pairs(root, "the file", "messages by name", top=True):
            self._owner = name
            if name == _PHRASES:
                self._phrases = self._texts(node, name)
            elif not _SECTION_NAME.fullmatch(name):
                self._fault(_line(key), f"{name!r} cannot name a message: use a-z, 0-9 and _, beginning with a letter")
            else:
                self._sections[name] = self._section(name, key, node)
            self._owner = ""

    def _section(self, name: str, key: yaml.Node, node: yaml.Node) -> Section:
        parts: dict[str, Text] = {}
        unread: set[str] = set()
        variables: tuple[str, ...] = ()
        sends: tuple[Send, ...] = ()
        absorbs: Text | None = None
        for part, part_key, value in self._pairs(node, name, "parts such as email_body"):
            if part == "variables":
                variables = self._variables(name, value)
            elif part == "send":
                before = len(self.faults)
                sends = timing.read(value, name, self._fault)
                unread |= {"send"} if len(self.faults) > before else set()
            elif part == "absorbs":
                absorbs = self._text(value, f"{name}: absorbs")
            elif part in PARTS:
                text = self._text(value, f"{name}: {part}")
                parts.update({part: text} if text else {})
                unread |= set() if text else {part}
            else:
                known = (*PARTS, "variables", "send", "absorbs")
                unread |= {nearest(part, known)} & {*PARTS}
                wrong = f"{name}: unknown part {part}{suggestion(part, known)}"
                says = f"{wrong}: a message has {', '.join(PARTS)}, variables, send, absorbs"
                self._fault(_line(part_key), says)
        return Section(
            name,
            _line(key),
            parts,
            variables,
            frozenset(unread - parts.keys()),
            sends,
            absorbs.text.strip() if absorbs else "",
        )

    def _texts(self, node: yaml.Node, owner: str) -> dict[str, Text]:
        found = {name: self._text(value, f"{owner}: {name}") for name, _, value in self._pairs(node, owner, "texts")}
        return {name: text for name, text in found.items() if text}

    def _pairs(self, node: yaml.Node, owner: str, expected: str, *, top: bool = False) -> list[Pair]:
        """The entries of a mapping as (key, key node, value node); faults for other nodes, odd and double keys."""
        if not isinstance(node, yaml.MappingNode):
            self._fault(_line(node), f"{owner} must hold {expected}, indented by two spaces below it")
            return []
        lines: dict[str, int] = {}
        pairs = []
        for key, value in node.value:
            if not _is_string(key):
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                self._fault(_line(key), f"{owner}: {shown} cannot be a name here: a name is a word")
            elif top:
                if self._begin(key.value, _line(key)):
                    pairs.append((key.value, key, value))
                self._owner = ""
            elif key.value in lines:
                says = f"{owner}: {key.value} stands here twice, first in line {lines[key.value]}"
                self._fault(_line(key), says)
            else:
                lines[key.value] = _line(key)
                pairs.append((key.value, key, value))
        return pairs

    def _text(self, node: yaml.Node, owner: str) -> Text | None:
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            self._fault(_line(node), f'{owner} must be text: put a text that begins with {{ in "quotes"')
        elif not isinstance(node, yaml.ScalarNode):
            self._fault(_line(node), f"{owner} must be text, not a list or further parts")
        elif node.tag == "tag:yaml.org,2002:null":
            self._fault(_line(node), f"{owner} is empty")
        elif not _is_string(node):
            self._fault(_line(node), f'{owner} must be text: put {node.value} in "quotes"')
        else:
            self._as_meant(node, owner)
            return self._placed(node)
        return None

    def _as_meant(self, node: yaml.ScalarNode, owner: str) -> None:
        """Faults for a text that YAML reads in another way than it was meant by whoever typed it."""
        if node.style:
            return
        first, last = node.start_mark.line, node.end_mark.line
        if node.start_mark.line != node.end_mark.line and node.end_mark.column > 0:
            line = first + 1 if self.lines[first][: node.start_mark.column].strip() else first
            self._fault(line, f"{owner}: a text of several lines starts with |: without it they become one line")
        rest = self.lines[last][node.end_mark.column :] if last < len(self.lines) else ""
        if rest.lstrip().startswith("#"):
            cut = f'{owner}: what stands from {rest.strip()[:20]!r} on is a comment: put the line in "quotes"'
            self._fault(last + 1, f"{cut}, or the comment on a line of its own")

    def _placed(self, node: yaml.ScalarNode) -> Text:
        first, last = node.start_mark.line, node.end_mark.line
        if node.style == "|":  # the text begins below its indicator, line by line as in the file
            return Text(node.value, first + 2, language=self.language)
        as_written = "" if first == last else "\n".join(self.lines[first : last + 1])
        return Text(node.value, first + 1, as_written, self.language)

    def _variables(self, owner: str, node: yaml.Node) -> tuple[str, ...]:
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        names = [item.value for item in items if _is_string(item)]
        wrong = not isinstance(node, yaml.SequenceNode) or len(names) != len(items)
        if wrong or not all(_VARIABLE_NAME.fullmatch(name) for name in names):
            self._fault(_line(node), f"{owner}: variables must be a list of names, such as [subject, text]")
            return ()
        if len(set(names)) < len(names):
            self._fault(_line(node), f"{owner}: variables names something twice")
        return tuple(dict.fromkeys(names))

    def _fault(self, line: int, text: str) -> None:
        self.faults.append(Finding(line, text, file=self.path.name, section=self._owner))


_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s:#-][^:#]*?)\s*:(?:\s|$)""")


def _blocks(source: str) -> Iterator[tuple[str, int, str]]:
    """The sections of a text as (name, lines before it, text): each begins with a `name:` at the left edge.

    What stands at the left edge and is no name belongs to the section above it, which it breaks.
    """
    lines = source.splitlines(keepends=True)
    starts = [(number, match) for number, line in enumerate(lines) if (match := _KEY.match(line))]
    head = "".join(lines[: starts[0][0]] if starts else lines)
    if head.strip():
        yield "", 0, head
    ends = [*[number for number, _ in starts[1:]], len(lines)] if starts else []
    for (start, match), end in zip(starts, ends, strict=True):
        yield match[1].strip("\"'"), start, "".join(lines[start:end])


def _is_string(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
