"""Lesson nudges: who is behind, by the lessons that the course file has due at this very meeting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import config, course, due
from notify_cli.due import Candidate, Policy, Window
from tests.support.candidates import SECOND, find, keys, verdicts
from tests.support.platform import Platform

HOUR = timedelta(hours=1)
FOUR = ("a", "b", "c", "d")
LESSONS: due.Lessons = {"*": {"1": list(FOUR)}}


def nudged(platform: Platform, hours: float, lessons: due.Lessons = LESSONS) -> dict[int | None, set[str]]:
    """Who is nudged so many hours before now + 30 days, and about what."""
    found: dict[int | None, set[str]] = {}
    for c in find(platform, platform.now + timedelta(days=30) - hours * HOUR, lessons=lessons):
        if c.delivery.reminder_type.startswith("lesson_nudge"):
            found.setdefault(c.delivery.user_id, set()).add(c.delivery.reminder_type)
    return found


@pytest.fixture
def readers(draft: Platform) -> list[int]:
    """alice has done none of the four lessons, bob one, carol two, dave three, erin all; they meet in 30 days."""
    people = draft.people("alice", "bob", "carol", "dave", "erin")
    for count, person in enumerate(people):
        draft.finished(person, *FOUR[:count])
    draft.meeting(draft.group(members=people), draft.now + timedelta(days=30))
    return people


def test_three_days_before_those_with_less_than_half_are_nudged(draft: Platform, readers: list[int]) -> None:
    alice, bob, _carol, _dave, _erin = readers
    assert nudged(draft, 72) == {alice: {"lesson_nudge_3d"}, bob: {"lesson_nudge_3d"}}


def test_a_day_before_all_who_have_not_finished_are_nudged(draft: Platform, readers: list[int]) -> None:
    assert nudged(draft, 24) == {person: {"lesson_nudge_1d"} for person in readers[:4]}


def test_a_nudge_goes_by_email_and_dm_never_to_the_channel(draft: Platform, readers: list[int]) -> None:
    found = find(draft, draft.now + timedelta(days=30) - 72 * HOUR, lessons=LESSONS)
    assert sorted((c.delivery.user_id, c.delivery.method.value) for c in found) == sorted(
        (person, method) for person in readers[:2] for method in ("email", "discord_dm")
    )


def test_exactly_half_of_an_odd_number_does_not_exist(draft: Platform) -> None:
    alice, bob = draft.people("alice", "bob")
    draft.finished(alice, "a")
    draft.finished(bob, "a", "b")
    draft.meeting(draft.group(members=[alice, bob]), draft.now + timedelta(days=30))
    assert set(nudged(draft, 72, {"*": {"1": ["a", "b", "c"]}})) == {alice}


def test_one_lesson_is_behind_or_done(draft: Platform) -> None:
    alice, bob = draft.people("alice", "bob")
    draft.finished(bob, "a")
    draft.meeting(draft.group(members=[alice, bob]), draft.now + timedelta(days=30))
    for hours in (72, 24):
        assert set(nudged(draft, hours, {"*": {"1": ["a"]}})) == {alice}


def test_finishing_while_the_window_is_open_ends_the_nudge(draft: Platform, readers: list[int]) -> None:
    assert readers[3] in nudged(draft, 20)
    draft.finished(readers[3], "d")
    assert readers[3] not in nudged(draft, 20)


def test_a_lesson_begun_is_not_a_lesson_done(draft: Platform) -> None:
    alice = draft.person("alice")
    draft.session(alice, "a")
    draft.meeting(draft.group(members=[alice]), draft.now + timedelta(days=30))
    assert set(nudged(draft, 24, {"*": {"1": ["a"]}})) == {alice}


def test_a_lesson_done_twice_counts_once_and_other_lessons_do_not_count(draft: Platform) -> None:
    alice = draft.person("alice")
    draft.finished(alice, "a", "a", "x", "y")
    draft.meeting(draft.group(members=[alice]), draft.now + timedelta(days=30))
    assert set(nudged(draft, 72)) == {alice}


def test_somebody_elses_lessons_do_not_count(draft: Platform) -> None:
    alice, bob = draft.people("alice", "bob")
    draft.finished(bob, *FOUR)
    draft.meeting(draft.group(members=[alice, bob]), draft.now + timedelta(days=30))
    assert set(nudged(draft, 24)) == {alice}


def test_a_meeting_without_lessons_nudges_nobody(draft: Platform, readers: list[int]) -> None:
    assert nudged(draft, 24, {"*": {"2": ["a"]}}) == {}
    assert verdicts(draft, readers[0], lessons={"*": {"2": ["a"]}})["lesson_nudge_1d", "email"] == "not_applicable"


def test_without_a_course_file_nobody_is_nudged(draft: Platform, readers: list[int]) -> None:
    assert nudged(draft, 24, {}) == {}
    assert nudged(draft, 72, {}) == {}


def test_who_joined_after_the_nudge_was_due_is_not_nudged(draft: Platform, readers: list[int]) -> None:
    frank, grace = draft.people("frank", "grace")
    at = draft.now + timedelta(days=30) - 72 * HOUR
    group = find(draft, at, lessons=LESSONS)[0].delivery.group_id
    assert group is not None
    draft.member(group, frank, joined_at=at)
    draft.member(group, grace, joined_at=at + SECOND)
    assert frank in nudged(draft, 71)
    assert grace not in nudged(draft, 71)


def test_the_explanation_counts_the_lessons(draft: Platform, readers: list[int]) -> None:
    window = Window(now=draft.now, within=due.EVER, since=due.EVER, user_ids=[readers[3]])
    found = find(draft, lessons=LESSONS, window=window, verdicts=None, free_only=False, only="lesson_nudge_3d")
    assert {(c.verdict, c.note) for c in found} == {("lessons_done", "3 of 4 lessons done")}


# Which meeting is it?


def a_series(platform: Platform) -> int:
    """alice's group, with meetings every 10 days from 10 to 40 days from now, entered in disorder."""
    group = platform.group(members=[platform.person("alice")])
    for days in (30, 10, 40, 20):
        platform.meeting(group, platform.now + timedelta(days=days))
    return group


def due_ids(platform: Platform, days: int, lessons: due.Lessons) -> set[str]:
    """The job ids of the nudges a day before the meeting in so many days."""
    at = platform.now + timedelta(days=days) - 24 * HOUR
    return {c.delivery.job_id for c in find(platform, at, lessons=lessons, only="lesson_nudge_1d")}


def test_a_meetings_number_is_its_rank_in_the_group_by_time(draft: Platform) -> None:
    a_series(draft)
    other = draft.group("Falcons", members=[])
    draft.meeting(other, draft.now + timedelta(days=5))  # another group's meetings do not count
    third: due.Lessons = {"*": {"3": ["a"]}}
    assert [days for days in (10, 20, 30, 40) if due_ids(draft, days, third)] == [30]


def test_past_meetings_count_and_a_moved_one_takes_its_new_rank(draft: Platform) -> None:
    group = a_series(draft)
    draft.meeting(group, draft.now - timedelta(days=7))
    third: due.Lessons = {"*": {"3": ["a"]}}
    assert [days for days in (10, 20, 30, 40) if due_ids(draft, days, third)] == [20]
    draft.update("meetings", {"scheduled_time_utc": draft.now + timedelta(days=10)}, scheduled_time_utc=draft.now)
    draft.update("meetings", {"scheduled_time_utc": draft.now}, scheduled_time_utc=draft.now + timedelta(days=25))
    assert [days for days in (20, 25, 30, 40) if due_ids(draft, days, third)] == [25]


def test_two_meetings_at_one_time_have_two_numbers(draft: Platform) -> None:
    group = draft.group(members=[draft.person("alice")])
    ids = [draft.meeting(group, draft.now + timedelta(days=30)) for _ in range(2)]
    for number, meeting in enumerate(ids, start=1):
        assert due_ids(draft, 30, {"*": {str(number): ["a"]}}) == {f"meeting_{meeting}_lesson_nudge_1d"}


def test_a_number_that_the_platform_gives_wins(draft: Platform) -> None:
    draft.connection.execute("alter table meetings add column meeting_number int")
    group = draft.group(members=[draft.person("alice")])
    seventh = draft.meeting(group, draft.now + timedelta(days=30), meeting_number=7)
    unnumbered = draft.meeting(group, draft.now + timedelta(days=40))
    assert due_ids(draft, 30, {"*": {"7": ["a"]}}) == {f"meeting_{seventh}_lesson_nudge_1d"}
    assert due_ids(draft, 30, {"*": {"1": ["a"]}}) == set()
    assert due_ids(draft, 40, {"*": {"2": ["a"]}}) == {f"meeting_{unnumbered}_lesson_nudge_1d"}


# Which course is it?


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def one_lesson(lesson: str, head: str = "") -> str:
    return f"{head}progression:\n  - lesson: {lesson}\n  - meeting: 1\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("governance", "by-slug"),
        (" Governance ", "by-slug"),
        ("Alignment", "by-title"),
        ("alignment", "by-title"),
        ("old-course", "by-id"),
        ("Éthique", "by-french-title"),
        ("éthique", "by-french-title"),
        ("Something else", "by-default"),
    ],
)
def test_a_groups_course_is_found_by_slug_then_title_else_default(
    draft: Platform, tmp_path: Path, name: str, expected: str
) -> None:
    write(tmp_path, "a.yaml", one_lesson("by-title", "title: Alignment\n"))
    write(tmp_path, "b.yaml", one_lesson("by-slug", "slug: governance\ntitle: Another\n"))
    write(tmp_path, "c.yaml", one_lesson("by-id", "id: old-course\n"))
    write(tmp_path, "d.yaml", one_lesson("by-decoy", "slug: decoy\ntitle: Governance\n"))
    write(tmp_path, "e.yaml", one_lesson("by-french-title", "title: Éthique\n"))
    write(tmp_path, "default.yaml", one_lesson("by-default"))
    lessons = course.load(tmp_path).by_name()
    assert behind(draft, name, lessons) == {expected}


def test_the_only_file_is_for_every_course(draft: Platform, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", one_lesson("only", "slug: governance\n"))
    assert behind(draft, "Something else", course.load(tmp_path).by_name()) == {"only"}
    assert behind(draft, "Something else", course.load(tmp_path / "a.yaml").by_name()) == {"only"}


def test_of_several_files_none_is_for_an_unknown_course(draft: Platform, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", one_lesson("x", "slug: governance\n"))
    write(tmp_path, "b.yaml", one_lesson("y", "slug: alignment\n"))
    assert behind(draft, "Something else", course.load(tmp_path).by_name()) == set()


def test_a_group_without_a_course_takes_the_default(draft: Platform, tmp_path: Path) -> None:
    write(tmp_path, "default.yaml", one_lesson("d"))
    draft.connection.execute("alter table cohorts alter column course_id drop not null")
    group = draft.group(cohort=draft.row("cohorts", cohort_name="Winter"), members=[draft.person("alice")])
    draft.meeting(group, draft.now + timedelta(days=30))
    assert set(nudged(draft, 24, course.load(tmp_path).by_name()))


def test_optional_lessons_do_not_count(draft: Platform, tmp_path: Path) -> None:
    write(
        tmp_path,
        "a.yaml",
        "progression:\n  - lesson: a\n  - lesson: b\n  - lesson: extra\n    optional: true\n  - lesson: more\n"
        "    optional: true\n  - meeting: 1\n",
    )
    lessons = course.load(tmp_path).by_name()
    alice, bob, carol = draft.people("alice", "bob", "carol")
    draft.finished(alice, "extra", "more")
    draft.finished(bob, "a")
    draft.finished(carol, "a", "b")
    draft.meeting(draft.group(members=[alice, bob, carol]), draft.now + timedelta(days=30))
    assert set(nudged(draft, 72, lessons)) == {alice}
    assert set(nudged(draft, 24, lessons)) == {alice, bob}


def test_modules_are_due_at_the_meeting_of_their_place(draft: Platform, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "modules:\n  - id: m1\n    lessons: [a, b]\n  - id: m2\n    lessons: [c]\n")
    lessons = course.load(tmp_path).by_name()
    alice = draft.person("alice")
    draft.finished(alice, "a", "b")
    group = draft.group(members=[alice])
    draft.meeting(group, draft.now + timedelta(days=20))
    draft.meeting(group, draft.now + timedelta(days=30))
    assert set(nudged(draft, 24 * 11, lessons)) == set()
    assert set(nudged(draft, 24, lessons)) == {alice}


def behind(platform: Platform, name: str, lessons: due.Lessons) -> set[str]:
    """Which of all the lessons somebody in a course of this name would be nudged about, told by who is not."""
    wanted = {lesson for meetings in lessons.values() for ids in meetings.values() for lesson in ids}
    found = set()
    for lesson in wanted:
        alice, bob = platform.people("alice", "bob")
        platform.finished(bob, lesson)
        group = platform.group(cohort=platform.cohort(course=platform.course(name)), members=[alice, bob])
        platform.meeting(group, platform.now + timedelta(days=30))
        reached = nudged(platform, 24, lessons)
        if alice in reached and bob not in reached:
            found.add(lesson)
    return found


# The course file is read when it is needed, and not before.


def test_the_course_file_is_asked_for_only_when_a_nudge_has_someone_to_look_at(draft: Platform) -> None:
    asked: list[int] = []

    def lessons() -> due.Lessons:
        asked.append(1)
        return LESSONS

    def look(at_hours: float) -> list[Candidate]:
        at = draft.now + timedelta(days=30) - at_hours * HOUR
        return due.find(draft.connection, Window(now=at), Policy(lessons=lessons))

    draft.meeting(draft.group(members=[draft.person("alice")]), draft.now + timedelta(days=30))
    assert look(100) == []
    assert look(13 * 24) == []
    assert {c.delivery.reminder_type for c in look(1)} == {"meeting_reminder_1h"}
    assert asked == []
    assert len(look(72)) == 2
    assert asked == [1]


def test_a_broken_course_file_stops_the_nudges_and_nothing_else(draft: Platform, tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "progression: 7\n")
    rules = Policy.of(config.load({"NOTIFY_COURSES": str(tmp_path)}))
    draft.meeting(draft.group(members=[draft.person("alice")]), draft.now + timedelta(days=30))
    at = draft.now + timedelta(days=30) - 20 * HOUR
    found = due.find(draft.connection, Window(now=at), rules)
    assert {c.delivery.reminder_type for c in found} == {"meeting_reminder_24h"}
    assert len(found.faults) == 1
    assert found.faults[0].startswith(f"{tmp_path / 'a.yaml'}:1: ")


def test_a_nudge_is_not_repeated(draft: Platform, readers: list[int]) -> None:
    at = draft.now + timedelta(days=30) - 24 * HOUR
    for key in keys(draft, at, lessons=LESSONS):
        draft.log_row(notification_key=key, delivery_status="delivered", sent_at=at)
    assert nudged(draft, 23) == {}
