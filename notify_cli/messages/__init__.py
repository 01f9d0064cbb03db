"""messages.yaml: load it with the line of every text, so that each fault can be found by whoever edits the file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from notify_cli.errors import ConfigError
from notify_cli.messages.catalog import Catalog, Section, Text, suggestion
from notify_cli.messages.lint import Finding, check, check_section
from notify_cli.messages.variables import PHRASES
from notify_cli.registry import PARTS

__all__ = ["Catalog", "Finding", "Section", "Text", "check", "check_section", "load"]

# The C parser reads the file in about a millisecond: this runs every minute in which something is due.
_LOADER: type[yaml.CSafeLoader] | type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_SECTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PHRASES = "phrases"


def load(path: Path | None = None) -> Catalog:
    """Read a messages file; None means messages.yaml in the working directory, else the packaged one.

    Raises ConfigError with every fault of form as `messages.yaml:LINE: ...`; `check` judges the texts themselves.
    """
    path = path or _default_path()
    try:
        source = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name}: it is not UTF-8 text: save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        root = yaml.compose(source, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(*_yaml_faults(path, source, error)) from error
    reader = _Reader(path, source.splitlines())
    catalog = reader.catalog(root)
    if reader.faults:
        raise ConfigError(*(f"{path.name}:{line}: {text}" for line, text in sorted(reader.faults)))
    if PHRASES.keys() <= catalog.phrases.keys() or path.samefile(_packaged_path()):
        return catalog
    # A file without phrases of its own must not withhold a reminder because a fact can rightly be missing.
    return replace(catalog, phrases={**load(_packaged_path()).phrases, **catalog.phrases})


def _default_path() -> Path:
    here = Path("messages.yaml")
    return here if here.is_file() else _packaged_path()


def _packaged_path() -> Path:
    packaged = Path(__file__).parents[1] / "messages.yaml"
    # In a checkout the file lies beside the package, where non-developers find it.
    return packaged if packaged.is_file() else packaged.parent.parent / packaged.name


class _Reader:
    """Turns YAML nodes into a catalog and collects what is wrong instead of stopping at it."""

    def __init__(self, path: Path, source: list[str]) -> None:
        self.path = path
        self.source = source
        self.faults: list[tuple[int, str]] = []

    def catalog(self, root: yaml.Node | None) -> Catalog:
        sections: dict[str, Section] = {}
        phrases: dict[str, Text] = {}
        if root is None:
            self.faults.append((1, "the file is empty: restore it, or unset NOTIFY_MESSAGES to use the packaged one"))
        for name, key, node in self._pairs(root, "the file", "messages by name") if root else ():
            if name == _PHRASES:
                phrases = self._texts(node, name)
            elif not _SECTION_NAME.fullmatch(name):
                self._fault(key, f"{name!r} cannot name a message: use a-z, 0-9 and _, beginning with a letter")
            else:
                sections[name] = self._section(name, key, node)
        return Catalog(self.path, sections, phrases)

    def _section(self, name: str, key: yaml.Node, node: yaml.Node) -> Section:
        parts: dict[str, Text] = {}
        variables: tuple[str, ...] = ()
        for part, part_key, value in self._pairs(node, name, "parts such as email_body"):
            if part == "variables":
                variables = self._variables(name, value)
            elif part in PARTS:
                text = self._text(value, f"{name}: {part}")
                parts.update({part: text} if text else {})
            else:
                hint = suggestion(part, [*PARTS, "variables"])
                self._fault(part_key, f"{name}: unknown part {part}{hint}: a message has {', '.join(PARTS)}, variables")
        return Section(name, _line(key), parts, variables)

    def _texts(self, node: yaml.Node, owner: str) -> dict[str, Text]:
        found = {name: self._text(value, f"{owner}: {name}") for name, _, value in self._pairs(node, owner, "texts")}
        return {name: text for name, text in found.items() if text}

    def _pairs(self, node: yaml.Node, owner: str, expected: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """The entries of a mapping as (key, key node, value node); faults for other nodes, odd and double keys."""
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"{owner} must hold {expected}, indented by two spaces below it")
            return []
        lines: dict[str, int] = {}
        pairs = []
        for key, value in node.value:
            if not _is_string(key):
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                self._fault(key, f"{owner}: {shown} cannot be a name here: a name is a word")
            elif key.value in lines:
                self._fault(key, f"{owner}: {key.value} stands here twice, first in line {lines[key.value]}")
            else:
                lines[key.value] = _line(key)
                pairs.append((key.value, key, value))
        return pairs

    def _text(self, node: yaml.Node, owner: str) -> Text | None:
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            self._fault(node, f'{owner} must be text: put a text that begins with {{ in "quotes"')
        elif not isinstance(node, yaml.ScalarNode):
            self._fault(node, f"{owner} must be text, not a list or further parts")
        elif node.tag == "tag:yaml.org,2002:null":
            self._fault(node, f"{owner} is empty")
        elif not _is_string(node):
            self._fault(node, f'{owner} must be text: put {node.value} in "quotes"')
        else:
            return self._placed(node)
        return None

    def _placed(self, node: yaml.ScalarNode) -> Text:
        first, last = node.start_mark.line, node.end_mark.line
        if node.style == "|":  # the text begins below its indicator, line by line as in the file
            return Text(node.value, first + 2)
        as_written = "" if first == last else "\n".join(self.source[first : last + 1])
        return Text(node.value, first + 1, as_written)

    def _variables(self, owner: str, node: yaml.Node) -> tuple[str, ...]:
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        names = [item.value for item in items if _is_string(item)]
        wrong = not isinstance(node, yaml.SequenceNode) or len(names) != len(items)
        if wrong or not all(_VARIABLE_NAME.fullmatch(name) for name in names):
            self._fault(node, f"{owner}: variables must be a list of names, such as [subject, text]")
            return ()
        if len(set(names)) < len(names):
            self._fault(node, f"{owner}: variables names something twice")
        return tuple(dict.fromkeys(names))

    def _fault(self, node: yaml.Node, text: str) -> None:
        self.faults.append((_line(node), text))


def _is_string(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _yaml_faults(path: Path, source: str, error: Exception) -> list[str]:
    """What the YAML parser says, in words for somebody who does not know YAML; and every tab, its usual cause."""
    lines = source.splitlines()
    tabs = [number for number, line in enumerate(lines, start=1) if re.match(r" *\t", line)]
    faults = [f"{path.name}:{number}: a tab at the start of the line: use spaces" for number in tabs]
    if isinstance(error, RecursionError):
        return [f"{path.name}:1: it is nested too deeply: a message has parts, a part has text"]
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else _position_line(source, error)
    if line in tabs:
        return faults
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).replace("\n", " ")
    hint = _HINTS.get(problem, "check quotes, colons and the indentation in this line and the one before")
    return [*faults, f"{path.name}:{line}: this is not readable as YAML ({problem}): {hint}"]


def _position_line(source: str, error: Exception) -> int:
    """The line of a character that YAML does not allow: its error knows only the position."""
    return source.count("\n", 0, getattr(error, "position", 0)) + 1


_HINTS = {
    "mapping values are not allowed in this context": 'put a text that has a colon in it in "quotes"',
    "mapping values are not allowed here": 'put a text that has a colon in it in "quotes"',
    "found character that cannot start any token": 'put a text that begins with a special character in "quotes"',
    "found unexpected end of stream": "a quote is not closed",
    "could not find expected ':'": "a name ends with a colon; the lines of a long text are indented below their |",
}
