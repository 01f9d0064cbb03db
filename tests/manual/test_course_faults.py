"""A broken course file is told to whoever sends a message about lessons by hand, before anything goes out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import course, schedule_reminder, send_notification
from notify_cli.delivery import Delivery
from notify_cli.errors import ConfigError
from notify_cli.manual import plan
from notify_cli.platform import batch
from notify_cli.registry import TYPES, Method
from tests.support.paths import MESSAGES
from tests.support.platform import Platform
from tests.support.shell import Shell
from tests.support.world import World

BROKEN = "progression: [{lesson: intro}, {meting: 1}]\n"
FAULT = "course.yaml:1: unknown key `meting`: did you mean `meeting`?"
HOMEWORK = 'homework:\n  discord: "Your lessons:\\n{lesson_list}"\n'
HELLO = ("--set", "subject=Hello", "--set", "text=How are you?")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A messages file that speaks of lessons, and a course file with a slip of the pen."""
    (tmp_path / "messages.yaml").write_text(MESSAGES.read_text(encoding="utf-8") + HOMEWORK, encoding="utf-8")
    (tmp_path / "course.yaml").write_text(BROKEN, encoding="utf-8")
    return {"NOTIFY_MESSAGES": str(tmp_path / "messages.yaml"), "NOTIFY_COURSES": str(tmp_path / "course.yaml")}


@pytest.fixture
def alice(world: World) -> int:
    """In a group that meets; nothing ever reaches her in these tests unless the test says so."""
    alice = world.platform.person("Alice")
    world.meeting_in(world.platform.group("Otters", members=[alice]), hours=30)
    return alice


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--at", "in 2 hours")])
def test_send_refuses_before_anything_goes_out(
    world: World, shell: Shell, alice: int, files: dict[str, str], more: tuple[str, ...]
) -> None:
    ran = shell("send", "homework", "--user", alice, *more, **files)

    assert (ran.code, ran.out) == (78, "")
    assert FAULT in ran.err
    assert all(line.startswith(f"notify: {files['NOTIFY_COURSES']}:1: ") for line in ran.err.splitlines())
    assert not world.discord.messages
    assert not world.log()


def test_the_file_mended_it_goes_out(world: World, shell: Shell, alice: int, files: dict[str, str]) -> None:
    Path(files["NOTIFY_COURSES"]).write_text(BROKEN.replace("meting", "meeting"), encoding="utf-8")
    assert shell("send", "homework", "--user", alice, **files).code == 0
    assert world.discord.messages[0]["content"] == "Your lessons:\n- intro"


def test_without_any_course_file_a_phrase_stands_in(
    world: World, shell: Shell, alice: int, files: dict[str, str]
) -> None:
    assert shell("send", "homework", "--user", alice, NOTIFY_MESSAGES=files["NOTIFY_MESSAGES"]).code == 0
    assert world.discord.messages[0]["content"] == "Your lessons:\nYou find them on the course page."


def test_what_does_not_speak_of_lessons_goes_out(world: World, shell: Shell, alice: int, files: dict[str, str]) -> None:
    assert shell("send", "announcement", "--user", alice, *HELLO, **files).code == 0
    assert shell("send", "homework", "--user", alice, "--set", "lesson_list=See below.", **files).code == 0
    assert [message["content"] for message in world.discord.messages] == [
        "**Hello**\nHow are you?",
        "Your lessons:\nSee below.",
    ]


def test_the_python_api_refuses_too(world: World, alice: int, files: dict[str, str]) -> None:
    settings = world.settings(**files)
    with pytest.raises(ConfigError, match="unknown key `meting`"):
        asyncio.run(send_notification(alice, "homework", settings=settings))
    with pytest.raises(ConfigError, match="unknown key `meting`"):
        schedule_reminder("homework", world.now + plan.USEFUL, "homework", [alice], settings=settings)
    assert not world.log()


def test_preview_shows_the_message_and_says_the_fault(shell: Shell, alice: int, files: dict[str, str]) -> None:
    ran = shell("preview", "homework", "--user", alice, **files)
    assert ran.code == 0
    assert "You find them on the course page." in ran.out
    assert FAULT in ran.err
    assert shell("preview", "announcement", "--user", alice, "--channel", "email", **files).code == 0


def test_explain_says_it_once(shell: Shell, alice: int, files: dict[str, str]) -> None:
    ran = shell("explain", "--user", alice, **files)
    assert ran.code == 0
    assert ran.err.count(FAULT) == 1
    assert "the course file cannot be read, so nudges are off" in ran.out


@pytest.mark.parametrize("reminder_type", [*TYPES, "homework"])
def test_a_batch_carries_the_faults_where_its_messages_can_name_lessons(
    draft: Platform, world: World, files: dict[str, str], reminder_type: str
) -> None:
    settings = world.settings(**files)
    courses = course.load(Path(files["NOTIFY_COURSES"]))
    alice = draft.person("alice")
    group = draft.group(members=[alice])
    delivery = Delivery(
        job_id="x",
        occurrence="-",
        reminder_type=reminder_type,
        method=Method.EMAIL,
        user_id=alice,
        group_id=group,
        meeting_id=None,
        due_at=draft.now,
        useful_until=draft.now + timedelta(hours=1),
    )

    found = batch.load(draft.connection, [delivery], settings, courses, now=draft.now)

    is_about_calendars = reminder_type in ("calendar_update", "calendar_cancel")
    assert found.faults == (() if is_about_calendars else courses.faults)
    assert courses.faults
    assert batch.load(draft.connection, [delivery], settings, None, now=draft.now).faults == ()


@pytest.mark.parametrize(
    "text",
    [
        'progression:\n  - lesson: "a\\0b"\n  - meeting: 1\n',
        'progression:\n  - lesson: "a\\uD800b"\n  - meeting: 1\n',
        'slug: x\ntitle: "a\\0b"\nprogression: [{lesson: a}, {meeting: 1}]\n',
        'modules:\n  - lessons: ["a\\0b"]\n',
    ],
)
def test_a_nul_in_a_course_file_is_a_fault_with_its_line_and_reminders_go_on(
    world: World, shell: Shell, alice: int, tmp_path: Path, text: str
) -> None:
    """PostgreSQL takes neither a NUL nor half a character: it would refuse the statement that finds all messages."""
    (tmp_path / "course.yaml").write_text(text, encoding="utf-8")
    world.meeting_in(world.platform.group("Badgers", members=[alice]), hours=23)
    found = shell("sweep-due", "--json", NOTIFY_COURSES=str(tmp_path / "course.yaml"))
    assert found.code == 78
    [fault] = found.err.splitlines()
    line = 1 + text[: text.index('"')].count("\n")
    assert f"course.yaml:{line}: " in fault
    assert {row["reminder_type"] for row in world.log()} == {"meeting_reminder_24h"}
    assert [row["status"] for row in world.log()] == ["delivered"] * len(world.log())


def test_a_broken_file_holds_up_the_nudges_of_its_own_course_alone(
    world: World, shell: Shell, alice: int, tmp_path: Path
) -> None:
    folder = tmp_path / "courses"
    folder.mkdir()
    (folder / "safety.yaml").write_text("slug: AI Safety\nprogression: [{lesson: intro}, {meeting: 1}]\n")
    (folder / "logic.yaml").write_text("---\nslug: new-logic\naliases: [logic]\n---\n# Week one\n")
    logic = world.platform.cohort(course=world.platform.course("Logic"))
    bob = world.platform.person("Bob")
    for group in (world.platform.group("Herons", members=[alice]), world.platform.group("Owls", cohort=logic)):
        world.platform.member(group, bob)
        world.meeting_in(group, hours=23)

    found = shell("sweep-due", "--json", NOTIFY_COURSES=str(folder))

    assert found.code == 78
    assert "logic.yaml:4: a course file is YAML from end to end" in found.err
    told = [(row["reminder_type"], row["job_id"], row["method"], row["status"]) for row in world.log()]
    assert {status for *_, status in told} == {"delivered"}
    nudges = sorted(job for kind, job, method, _ in told if kind == "lesson_nudge_1d" and method == "email")
    assert nudges == ["meeting_2_lesson_nudge_1d"] * 2
    assert sorted(job for kind, job, method, _ in told if method == "discord_channel") == [
        "meeting_2_reminder_24h",
        "meeting_3_reminder_24h",
    ]
    why = {line["rule"]: line for line in shell("explain", "--user", bob, "--json", NOTIFY_COURSES=str(folder)).json}
    assert "the course file cannot be read" in why["lesson_nudge_3d"]["reason"] + why["lesson_nudge_1d"]["reason"]
    mended = "slug: new-logic\naliases: [logic]\nprogression: [{lesson: intro}, {meeting: 1}]\n"
    (folder / "logic.yaml").write_text(mended)
    assert shell("sweep-due", "--json", NOTIFY_COURSES=str(folder)).json["by_method"] == {
        "email": 1,
        "discord_dm": 1,
        "discord_channel": 0,
    }
