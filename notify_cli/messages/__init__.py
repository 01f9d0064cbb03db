"""messages.yaml: load it with the line of every text, so that each fault can be found by whoever edits the file."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from notify_cli.config import packaged
from notify_cli.errors import ConfigError
from notify_cli.messages import languages, reader
from notify_cli.messages.catalog import Catalog, Finding, Section, Text
from notify_cli.messages.languages import ENGLISH
from notify_cli.messages.lint import check, check_by_hand, check_section
from notify_cli.registry import TYPES

__all__ = ["Catalog", "Finding", "Section", "Text", "check", "check_by_hand", "check_section", "load", "packaged_path"]


def load(path: Path | None = None) -> Catalog:
    """Read a messages file; None means the packaged one, whatever the working directory is.

    What is wrong with single sections is in the catalog's `faults`. Raises ConfigError for a file that holds no
    messages at all: it cannot be read, is not text, is empty or is built in another way.
    """
    ours = packaged_path()
    own = _read(path or ours)
    own = replace(own, translations=_translations(own))
    if not ours.is_file() or own.path.samefile(ours):
        return own
    return _completed(own, _packaged(ours, ours.stat().st_mtime_ns))


def _completed(own: Catalog, shipped_with: Catalog) -> Catalog:
    """The catalog with what it lacks and nobody has to write: phrases, and parts that a type can do without.

    A file must not withhold a message because a fact can rightly be missing, nor because it is from a time when the
    message had fewer parts.
    """
    sections = dict(own.sections)
    for kind in TYPES.values():
        section, shipped = sections.get(kind.name), shipped_with.sections.get(kind.name)
        if section is not None and shipped is not None:
            lacking = {
                one: shipped.parts[one] for one in kind.more_parts if one not in {*section.parts, *section.unread}
            }
            sections[kind.name] = replace(section, parts={**lacking, **section.parts}) if lacking else section
    return replace(own, sections=sections, phrases={**shipped_with.phrases, **own.phrases}, packaged=shipped_with)


def _translations(main: Catalog) -> dict[str, Catalog]:
    """The files beside a messages file that say the same in other languages: messages.de.yaml beside messages.yaml.

    One that cannot be read at all is a catalog without sections, whose fault says why.
    """
    found = {}
    for path in sorted(main.path.parent.glob(f"{main.path.stem}.*.yaml")):
        language = _language(path)
        if not language or path == main.path:
            continue
        try:
            made = _read(path)
        except ConfigError as error:
            told = error.lines[0].removeprefix(f"{path.name}:1: ")
            made = Catalog(path, {}, faults=(Finding(1, told, file=path.name),), language=language)
        found[language] = replace(made, phrases={**main.phrases, **made.phrases})
    return found


def _language(path: Path) -> str:
    """The language that a file's name says: `de` of messages.de.yaml."""
    return languages.tag(path.stem.partition(".")[2]) if "." in path.stem else ""


def packaged_path() -> Path:
    """The file that comes with the package."""
    return packaged.messages()


@lru_cache(maxsize=1)
def _packaged(path: Path, changed: int) -> Catalog:
    """The packaged catalog as of its last change, so that several loads in one run parse it once."""
    return _read(path)


def _read(path: Path) -> Catalog:
    """The catalog of a file, in the language that its name says, else English."""
    return reader.read(path, _source(path), _language(path) or ENGLISH)


def _source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name}: it is not UTF-8 text: save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
