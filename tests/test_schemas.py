"""The JSON Schemas by which editors check messages and course files: they say what the code says, and never more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from notify_cli import course, messages
from notify_cli.errors import ConfigError
from notify_cli.messages import timing
from notify_cli.messages.phrases import PHRASES
from notify_cli.registry import PARTS, TYPES
from tests.course import test_course
from tests.due import test_declared_types
from tests.messages import test_messages_file
from tests.support.paths import DEMO_COURSE, MESSAGES, PACKAGE, ROOT

SCHEMAS = {
    name: json.loads((PACKAGE / "schemas" / f"{name}.schema.json").read_text()) for name in ("messages", "course")
}


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: neither dates nor `yes` have a meaning of their own."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
EditorLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"
)


def refusals(schema: str, text: str) -> list[str]:
    """What an editor says of a file; that it is no YAML is one of it."""
    try:
        loaded = yaml.load(text.removeprefix("\ufeff"), EditorLoader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, RecursionError):
        return ["no YAML"]
    return [error.message for error in jsonschema.Draft7Validator(SCHEMAS[schema]).iter_errors(loaded)]


def faults_of_messages(tmp_path: Path, text: str) -> list[str]:
    """What `preview --check` says of a messages file, warnings left out."""
    path = tmp_path / "messages.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        return [str(found) for found in messages.check(messages.load(path)) if found.severity == "error"]
    except ConfigError as error:
        return error.lines


def faults_of_course(tmp_path: Path, text: str) -> tuple[str, ...]:
    """What `doctor` says of a course file."""
    path = tmp_path / "course.yaml"
    path.write_text(text, encoding="utf-8")
    return course.load(path).faults


def cases(test: Any) -> list[Any]:
    """The arguments of a parametrized test."""
    [mark] = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    return list(mark.args[1])


def test_they_are_schemas() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("path", [MESSAGES, ROOT / "messages.de.yaml"], ids=lambda path: path.name)
def test_the_shipped_messages_fit(path: Path) -> None:
    assert refusals("messages", path.read_text(encoding="utf-8")) == []


COURSES = [*DEMO_COURSE.glob("*.yaml"), *(ROOT / "docs" / "examples").rglob("courses/*.yaml")]


@pytest.mark.parametrize("path", COURSES, ids=lambda path: path.name)
def test_the_shipped_course_files_fit(path: Path) -> None:
    assert refusals("course", path.read_text(encoding="utf-8")) == []


def test_the_course_files_of_the_docs_fit() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "courses.md").read_text(), re.DOTALL)
    assert len(shown) >= 2
    for text in [*shown, test_course.PROGRESSION, test_course.MODULES, test_course.FINE]:
        assert refusals("course", text) == []


def test_they_know_every_part_phrase_and_word_of_the_code() -> None:
    schema = SCHEMAS["messages"]
    section, entry = schema["definitions"]["section"], schema["definitions"]["entry"]
    assert section["properties"].keys() == {*PARTS, "variables", "send", "absorbs"}
    assert {part for one in section["anyOf"] for part in one["required"]} == set(PARTS)
    assert tuple(entry["properties"]) == timing.KEYS
    assert tuple(entry["properties"]["to"]["enum"]) == timing._AUDIENCES
    assert schema["properties"]["phrases"]["properties"].keys() == PHRASES.keys()
    needed = {name: set(one["allOf"][1]["required"]) for name, one in schema["properties"].items() if name != "phrases"}
    assert needed == {name: set(one.parts) for one in TYPES.values() for name in (one.name, one.shared_section)}


# What only the check can see: order, names elsewhere in the file, and what is nearly a key.
SENDS_BEYOND_A_SCHEMA = ("until is not after", "counted from two things", "too far away", "absorbs ")
COURSES_BEYOND_A_SCHEMA = ("is given twice", "unknown key `titel`", "comes after meeting")
FILES_BEYOND_A_SCHEMA = ("twice", "!!python")


@pytest.mark.parametrize(
    ("line", "fault"), cases(test_declared_types.test_the_check_tells_what_is_wrong_with_a_send_line)
)
def test_a_wrong_send_line_is_refused_in_the_editor_too(line: str, fault: str) -> None:
    refused = refusals("messages", f"extra:\n  send: {line}\n  discord: Hello!\n")
    assert bool(refused) != any(words in fault for words in SENDS_BEYOND_A_SCHEMA), refused


@pytest.mark.parametrize(("text", "fault"), cases(test_course.test_a_wrong_file_is_refused_with_the_line))
def test_a_wrong_course_file_is_refused_in_the_editor_too(text: str, fault: str) -> None:
    refused = refusals("course", text)
    assert bool(refused) != any(words in fault for words in COURSES_BEYOND_A_SCHEMA), refused


@pytest.mark.parametrize("text", test_course.BROKEN.values(), ids=list(test_course.BROKEN))
def test_a_broken_course_file_is_refused_in_the_editor_too(text: str) -> None:
    assert refusals("course", text)


@pytest.mark.parametrize(("source", "fault"), cases(test_messages_file.test_it_names_the_line_of_what_it_cannot_read))
def test_a_messages_file_of_a_wrong_form_is_refused_in_the_editor_too(source: str, fault: str) -> None:
    assert refusals("messages", source), fault


def entries() -> Iterator[str]:
    """Times, conditions and readers, right and wrong, in all ways of writing."""
    for count in (
        "0 minutes",
        "1 minute",
        "2 Hours",
        "3  days",
        "at once",
        "AT ONCE",
        "two hours",
        "5 weeks",
        "12345 days",
    ):
        for side in ("before", "after", "After", "since"):
            for anchor in ("the meeting", "The Meeting", "joining", "signup", "starting a trial lesson", "the end"):
                yield f"{{when: {count} {side} {anchor}}}"
    for condition in (
        "lessons left",
        "Lessons Left",
        "fewer than 1% of the lessons done",
        "fewer than 101% of the lessons done",
    ):
        yield f"{{when: 1 day before the meeting, if: {condition}}}"
        yield f"{{when: 1 day after joining, if: {condition}}}"
    for readers in ("members", "learners", "everybody"):
        for anchor in ("before the meeting", "after joining", "after signup"):
            yield f"{{when: 1 day {anchor}, to: {readers}}}"
    yield "[{when: 1 day after signup}]"
    yield "[{when: 1 day after signup}, {when: 2 days after signup}]"
    yield "[{name: a, when: 1 day after signup}, {name: b, when: 3 days after signup}]"


@pytest.mark.parametrize("send", list(entries()))
def test_the_editor_and_the_check_judge_an_entry_alike(tmp_path: Path, send: str) -> None:
    section = f"hint:\n  send: {send}\n  discord: Hello!\n"
    told = [fault for fault in faults_of_messages(tmp_path, section) if "hint" in fault]
    assert bool(refusals("messages", section)) == bool(told), told


SECTIONS = [
    ("discord: Hi", True),
    ("discord: ' '", False),
    ("discord: 2026", False),
    ("email_subject: Hi", False),
    ("email_subject: Hi\n  email_body: Hello", True),
    ("email_subject: |\n    Hi\n  email_body: Hello", True),
    ("email_subject: |\n    Hi\n    you\n  email_body: Hello", False),
    ("calendar_title: Hi", False),
    ("variables: [offer]\n  discord: '{offer}'", True),
    ("variables: [offer, offer]\n  discord: '{offer}'", False),
    ("variables: [a b]\n  discord: Hi", False),
    ("variables: []", False),
    ("dicsord: Hi", False),
]


@pytest.mark.parametrize(("section", "fits"), SECTIONS)
def test_the_editor_and_the_check_judge_a_section_alike(tmp_path: Path, section: str, fits: bool) -> None:
    text = f"hint:\n  {section}\n"
    assert (not refusals("messages", text)) is fits
    assert (not [fault for fault in faults_of_messages(tmp_path, text) if "hint" in fault]) is fits


STEPS = [
    ("lesson: intro", True),
    ("lesson: 12", True),
    ("lesson: yes", True),
    ("lesson:", False),
    ("lesson: ' '", False),
    ("lesson: [a]", False),
    ("{lesson: intro, optional: true}", True),
    ("{lesson: intro, optional: Yes}", True),
    ("{lesson: intro, optional: maybe}", False),
    ("{lesson: intro, title: }", True),
    ("{lesson: intro, difficulty: 3}", True),
    ("meeting: 1", True),
    ("meeting: '1'", True),
    ("meeting: 0", False),
    ("meeting: soon", False),
    ("meeting: 1234567890", False),
    ("{lesson: a, meeting: 3}", False),
    ("just text", False),
]


@pytest.mark.parametrize(("step", "fits"), STEPS)
def test_the_editor_and_the_reader_judge_a_step_alike(tmp_path: Path, step: str, fits: bool) -> None:
    text = f"progression:\n  - {step}\n"
    assert (not refusals("course", text)) is fits
    assert (not faults_of_course(tmp_path, text)) is fits
