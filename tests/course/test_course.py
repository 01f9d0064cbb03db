"""Course files: both shapes, names, titles, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from notify_cli import course
from notify_cli.errors import ConfigError
from notify_cli.model import Lesson

PROGRESSION = """\
slug: safety
title: AI Safety
progression:
  - lesson: intro
  - lesson: history
    optional: true
    title: A history
  - meeting: 1
  - lesson: risks
    title: Risks
  - lesson: 12
  - meeting: 3
  - lesson: careers
"""

MODULES = """\
id: governance
title: AI Governance
modules:
  - id: basics
    title: Basics
    lessons: [laws, treaties]
  - id: more
    lessons:
      - id: compute
        title: Compute
      - lesson: standards
        optional: true
  - id: late
    number: 5
    lessons: [audits]
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults_in(tmp_path: Path, text: str) -> list[str]:
    path = write(tmp_path / "course.yaml", text)
    return [line.removeprefix(f"{path}:") for line in course.load(path).faults]


def in_progression(*entries: str) -> str:
    return "progression:\n" + "".join(f"  - {entry}\n" for entry in entries)


def test_lessons_between_two_marks_are_due_at_the_second(tmp_path: Path) -> None:
    courses = course.load(write(tmp_path / "course.yaml", PROGRESSION))
    expected = {"1": ["intro"], "3": ["risks", "12"]}
    assert courses.by_name() == {"safety": expected, "ai safety": expected, "*": expected}


def test_a_module_is_due_at_the_meeting_of_its_position_or_number(tmp_path: Path) -> None:
    courses = course.load(write(tmp_path / "course.yaml", MODULES))
    assert courses.by_name()["governance"] == {"1": ["laws", "treaties"], "2": ["compute"], "5": ["audits"]}


def test_numeric_ids_of_modules_are_names_not_numbers(tmp_path: Path) -> None:
    text = "modules:\n  - {id: 41, lessons: [laws]}\n  - {id: 40, lessons: [audits]}\n"
    courses = course.load(write(tmp_path / "course.yaml", text))
    assert courses.by_name()["*"] == {"1": ["laws"], "2": ["audits"]}


def test_lessons_for_a_meeting_come_in_course_order_with_titles(tmp_path: Path) -> None:
    found = course.load(write(tmp_path / "course.yaml", PROGRESSION)).course_for("AI Safety")
    assert found is not None
    assert found.lessons_for(3) == (Lesson("risks", "Risks"), Lesson("12", "12"))
    assert found.lessons_for(2) == ()
    assert found.lessons_for(None) == ()


def test_ids_are_text_as_they_are_written(tmp_path: Path) -> None:
    text = in_progression("lesson: 007", "lesson: 2026-02-04", "lesson: yes", "lesson: 1.0", 'meeting: "1"')
    courses = course.load(write(tmp_path / "course.yaml", text))
    assert courses.by_name()["*"] == {"1": ["007", "2026-02-04", "yes", "1.0"]}


def test_a_title_comes_from_the_lesson_file_beside_the_course_or_next_to_its_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "courses" / "course.yaml", in_progression("lesson: intro", "lesson: risks", "meeting: 1"))
    write(tmp_path / "courses" / "lessons" / "intro.yaml", "id: x\nparts: [{title: no}]\ntitle: Introduction\n")
    write(tmp_path / "lessons" / "intro.yaml", "title: Not this one\n")
    write(tmp_path / "lessons" / "risks.yaml", "title: Risks from AI\n---\n{ a document that is no YAML\n")
    found = course.load(path).course_for(None)
    assert found is not None
    assert found.lessons_for(1) == (Lesson("intro", "Introduction"), Lesson("risks", "Risks from AI"))


def test_titles_are_found_for_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "courses" / "course.yaml", in_progression("lesson: intro", "meeting: 1"))
    write(tmp_path / "lessons" / "intro.yaml", "title: Introduction\n")
    monkeypatch.chdir(tmp_path / "courses")
    assert course.load(Path("course.yaml")).title_of("intro") == "Introduction"


@pytest.mark.parametrize("content", ["title: [broken\n", "", "- title\n- x\n", "body: {title: inner}\n", "title:\n"])
def test_a_lesson_without_a_readable_title_is_called_by_its_id(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "course.yaml", in_progression("lesson: intro", "meeting: 1"))
    write(tmp_path / "lessons" / "intro.yaml", content)
    assert course.load(path).title_of("intro") == "intro"


@pytest.mark.parametrize("lesson_id", ["../secret", "..", "a/../../secret", "sub/intro", "..\\secret", "/etc/secret"])
def test_a_lesson_id_never_reads_outside_the_lessons_folder(tmp_path: Path, lesson_id: str) -> None:
    write(tmp_path / "secret.yaml", "title: Secret\n")
    write(tmp_path / "lessons" / "sub" / "intro.yaml", "title: Secret\n")
    path = write(tmp_path / "course.yaml", in_progression(f"lesson: '{lesson_id}'", "meeting: 1"))
    assert course.load(path).title_of(lesson_id) == lesson_id


def test_titles_are_read_only_when_asked_for(tmp_path: Path) -> None:
    courses = course.load(write(tmp_path / "course.yaml", in_progression("lesson: intro", "meeting: 1")))
    courses.by_name()
    write(tmp_path / "lessons" / "intro.yaml", "title: Introduction\n")
    assert courses.title_of("intro") == "Introduction"


def test_a_trial_lesson_takes_its_title_from_the_course_that_has_it(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", MODULES)
    write(tmp_path / "b.yaml", PROGRESSION)
    write(tmp_path / "lessons" / "unlisted.yaml", "title: Unlisted\n")
    courses = course.load(tmp_path)
    assert courses.title_of("risks") == "Risks"
    assert courses.title_of("unlisted") == "Unlisted"
    assert courses.title_of("unknown") == "unknown"


def test_a_course_matches_by_slug_then_title_then_default(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "title: Beta\n" + in_progression("lesson: a", "meeting: 1"))
    write(tmp_path / "b.yaml", "slug: beta\nid: 77\n" + in_progression("lesson: b", "meeting: 1"))
    write(tmp_path / "default.yml", in_progression("lesson: d", "meeting: 1"))
    write(tmp_path / "lessons" / "a.yaml", "title: A lesson, not a course\n")
    courses = course.load(tmp_path)
    assert courses.by_name() == {"beta": {"1": ["b"]}, "77": {"1": ["b"]}, "*": {"1": ["d"]}}
    for name, file in [(" BETA ", "b.yaml"), ("77", "b.yaml"), ("Gamma", "default.yml"), (None, "default.yml")]:
        found = courses.course_for(name)
        assert found is not None
        assert found.path.name == file


def test_of_several_files_none_is_a_guess(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", PROGRESSION)
    write(tmp_path / "b.yaml", MODULES)
    courses = course.load(tmp_path)
    assert courses.course_for("Unheard of") is None
    assert "*" not in courses.by_name()


def test_the_only_file_is_the_course_of_every_group(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", PROGRESSION)
    found = course.load(tmp_path).course_for("Unheard of")
    assert found is not None
    assert (found.slug, found.title) == ("safety", "AI Safety")


def test_an_id_stands_in_for_the_slug(tmp_path: Path) -> None:
    found = course.load(write(tmp_path / "course.yaml", MODULES)).course_for(None)
    assert found is not None
    assert found.slug == "governance"


def test_every_fault_of_a_file_is_reported_with_its_line(tmp_path: Path) -> None:
    text = in_progression(
        "lesson: intro",
        "{lesson: risks, optinal: true}",
        "{lesson: laws, optional: maybe}",
        "meeting: 2",
        "lesson: intro",
        "meeting: 1",
        "meeting: soon",
        "meeting: 0",
        "{lesson: a, meeting: 3}",
        "just text",
        "lesson:",
        "{title: no lesson}",
    )
    assert faults_in(tmp_path, text) == [
        "3: unknown key `optinal`: did you mean `optional`?",
        "4: `optional` is neither true nor false",
        "7: meeting 1 comes after meeting 2: numbers must go up",
        "8: meeting `soon` is not a whole number from 1",
        "9: meeting `0` is not a whole number from 1",
        "10: a lesson and a meeting in one entry: give each its own `-`",
        "11: expected `- lesson: ID` or `- meeting: N`",
        "12: the lesson has no id",
        "13: expected `- lesson: ID` or `- meeting: N`",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: expected a course"),
        ("- intro\n", "1: expected a course"),
        ("title: Nothing\n", "1: the course has neither"),
        ("progression: []\nmodules: []\n", "1: the course has both"),
        ("progression: intro\n", "1: `progression` is not a list"),
        ("title: [a]\nprogression: []\n", "1: `title` is not a text"),
        ("progression: []\nprogression: []\n", "2: `progression` is given twice"),
        ("progression:\n\t- lesson: intro\n", "2: bad YAML:"),
        ("progression: [\n", "2: bad YAML:"),
        ("title: a\nslug: \x07\nprogression: []\n", "2: bad YAML:"),
        ("modules:\n  - basics\n", "2: expected a module"),
        ("modules:\n  - id: basics\n", "2: the module has no `lessons`"),
        ("modules:\n  - {id: a, lesons: []}\n", "2: unknown key `lesons`: did you mean `lessons`?"),
        ("modules:\n  - lessons:\n      - {titel: x, id: y}\n", "3: unknown key `titel`: did you mean `title`?"),
        (
            "modules:\n  - {number: 2, lessons: [a]}\n  - {number: 2, lessons: [b]}\n",
            "3: meeting 2 comes after meeting 2",
        ),
        ("---\nslug: x\n---\n# Week one\n", "3: a course file is YAML from end to end"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path: Path, text: str, fault: str) -> None:
    assert any(line.startswith(fault) for line in faults_in(tmp_path, text)), faults_in(tmp_path, text)


def test_the_faults_of_all_files_come_together(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "slug: same\nprogression: []\n")
    write(tmp_path / "b.yaml", "title: B\nslug: Same\nprogression: []\n")
    write(tmp_path / "c.yaml", "title: C\n")
    (tmp_path / "d.yaml").write_bytes(b"title: D\nslug: \xff\n")
    found = course.load(tmp_path)
    assert found.courses == ()
    assert [line.removeprefix(f"{tmp_path}/").split(": ")[0] for line in found.faults] == [
        "b.yaml:2",
        "c.yaml:1",
        "d.yaml:2",
    ]


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no course file"):
        course.load(tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        course.load(tmp_path / "course.yaml")


def test_a_lesson_that_is_listed_twice_counts_once_at_its_first_place(tmp_path: Path) -> None:
    twice = in_progression("lesson: intro", "meeting: 1", "lesson: soon", "meeting: 2", "lesson: soon", "meeting: 3")
    found = course.load(write(tmp_path / "course.yaml", twice))
    assert found.faults == ()
    assert found.by_name()["*"] == {"1": ["intro"], "2": ["soon"]}
    modules = "modules:\n  - {lessons: [a, b]}\n  - {lessons: [a, {id: b, optional: true}, c]}\n"
    found = course.load(write(tmp_path / "course.yaml", modules))
    assert found.by_name()["*"] == {"1": ["a", "b"], "2": ["c"]}


@pytest.mark.parametrize("aliases", ["[old-slug, older]", "Old-Slug", "\n  - older\n  - ' old-slug '"])
def test_a_course_is_found_by_its_former_names(tmp_path: Path, aliases: str) -> None:
    write(tmp_path / "a.yaml", f"slug: new-slug\naliases: {aliases}\n{in_progression('lesson: a', 'meeting: 1')}")
    write(tmp_path / "b.yaml", f"title: Old-Slug\n{in_progression('lesson: b', 'meeting: 1')}")
    courses = course.load(tmp_path)
    assert courses.faults == ()
    found = courses.course_for("old-slug")
    assert found is not None
    assert (found.slug, courses.by_name()["old-slug"]) == ("new-slug", {"1": ["a"]})


FINE = "slug: fine\n" + in_progression("lesson: a", "meeting: 1")
BROKEN = {
    "markdown": "---\nslug: other\naliases: [former]\n---\n# Week one\n",
    "a slip": "slug: other\naliases: [former]\nprogression: [{lesson: a}, {meting: 1}]\n",
    "no yaml": 'slug: "other" # ours\naliases: [x,\n former]\nprogression: [\n',
    "a nul": 'slug: other\naliases: former\nprogression: [{lesson: "a\\0b"}, {meeting: 1}]\n',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=list(BROKEN))
def test_a_fault_in_one_file_holds_up_its_own_course_alone(tmp_path: Path, text: str) -> None:
    write(tmp_path / "default.yaml", in_progression("lesson: d", "meeting: 1"))
    write(tmp_path / "fine.yaml", FINE)
    write(tmp_path / "new.yaml", text)
    courses = course.load(tmp_path)
    assert courses.faults
    for name in ("other", "former"):
        assert courses.course_for(name) is None
        assert courses.faults_for(name) == courses.faults
        assert courses.by_name()[name] == {}
    for name in ("fine", "anything else"):
        assert courses.course_for(name) is not None
        assert courses.faults_for(name) == ()
    assert courses.by_name()["fine"] == courses.by_name()["*"] | {"1": ["a"]}


def test_a_file_that_says_no_name_is_the_course_that_it_is_called_by(tmp_path: Path) -> None:
    write(tmp_path / "fine.yaml", FINE)
    write(tmp_path / "other.yaml", "progression: [\n")
    write(tmp_path / "default.yaml", "# nothing yet\n")
    courses = course.load(tmp_path)
    assert courses.faults_for("fine") == ()
    assert [fault.split(":")[0] for fault in courses.faults_for("other")] == [str(tmp_path / "other.yaml")]
    # Nobody can tell what the default course is: groups of no other course wait for its mending.
    assert [fault.split(":")[0] for fault in courses.faults_for("else")] == [str(tmp_path / "default.yaml")]


def test_of_two_files_with_one_name_neither_speaks(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", FINE)
    write(tmp_path / "b.yaml", FINE)
    write(tmp_path / "c.yaml", "slug: c\n" + in_progression("lesson: c", "meeting: 1"))
    courses = course.load(tmp_path)
    assert len(courses.faults) == 1
    assert courses.by_name() == {"fine": {}, "c": {"1": ["c"]}}


def test_the_only_readable_file_is_not_the_course_of_every_group(tmp_path: Path) -> None:
    write(tmp_path / "fine.yaml", FINE)
    write(tmp_path / "other.yaml", "slug: other\nprogression: [\n")
    assert course.load(tmp_path).course_for("Unheard of") is None
