"""Which group, meeting and lesson a message is about where nobody names one: `preview` shows what `send` sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from notify_cli import config, messages, preview
from notify_cli.config import Settings
from notify_cli.due import Policy
from notify_cli.errors import UsageError
from notify_cli.manual import plan
from notify_cli.manual.order import Order
from notify_cli.platform import batch
from notify_cli.preview import target
from notify_cli.preview.target import Named
from notify_cli.registry import TYPES, Method
from tests.support.paths import MESSAGES
from tests.support.platform import Platform
from tests.support.shell import Shell
from tests.support.world import World

WRAPUP = 'wrapup:\n  discord: "Thanks, {group_name}!"\n'
PERSONAL = [method for method in Method if not method.way.post]
BY_HAND = [name for name, one in TYPES.items() if not one.sweep_only]


@pytest.fixture
def own_messages(tmp_path: Path) -> str:
    """The path of the shipped messages with a section of the staff's own."""
    path = tmp_path / "messages.yaml"
    path.write_text(MESSAGES.read_text(encoding="utf-8") + WRAPUP, encoding="utf-8")
    return str(path)


@pytest.fixture
def course_file(tmp_path: Path) -> str:
    path = tmp_path / "course.yaml"
    lessons = "".join(f"  - lesson: lesson-{n}\n  - meeting: {n}\n" for n in range(1, 4))
    path.write_text(f"slug: ai\ntitle: AI Safety\nprogression:\n{lessons}", encoding="utf-8")
    return str(path)


def in_two_groups(world: World, alice: int) -> tuple[int, int]:
    """Alice joined the Otters 40 days ago and the Falcons 10 days ago."""
    otters, falcons = world.platform.group("Otters"), world.platform.group("Falcons")
    world.platform.member(otters, alice, joined_at=world.now - timedelta(days=40))
    world.platform.member(falcons, alice, joined_at=world.now - timedelta(days=10))
    return otters, falcons


def texts(shown: Any) -> list[str]:
    """What a preview shows to one person."""
    email = [shown["email"]["subject"], shown["email"]["text"]] if shown["email"] else []
    return email + ([shown["discord"]["text"]] if shown["discord"] else [])


def received(world: World) -> list[str]:
    """What the one person got that something was sent to."""
    mail = [text for mail in world.sendgrid.mails for text in (mail["subject"], mail["content"][0]["value"])]
    return mail + [message["content"] for message in world.discord.messages]


def test_preview_and_send_choose_the_group_joined_last_where_none_meets(
    world: World, shell: Shell, own_messages: str
) -> None:
    alice = world.platform.person("Alice")
    otters, falcons = in_two_groups(world, alice)

    shown = shell("preview", "wrapup", "--user", alice, NOTIFY_MESSAGES=own_messages)
    tried = shell("send", "wrapup", "--user", alice, "--dry-run", NOTIFY_MESSAGES=own_messages)
    sent = shell("send", "wrapup", "--user", alice, NOTIFY_MESSAGES=own_messages)

    assert "Thanks, Falcons!" in shown.out
    assert received(world) == ["Thanks, Falcons!"]
    told = f"about Falcons (group_{falcons}); Alice is in Otters (group_{otters}) too: --group names another"
    for ran in (shown, sent):
        assert (ran.code, ran.err) == (0, f"notify: {told}\n")
    assert (tried.code, tried.err.splitlines()[0]) == (0, f"notify: {told}")


def test_an_assignment_is_to_the_group_joined_last_whichever_meets_first(world: World, shell: Shell) -> None:
    alice = world.platform.person("Alice")
    otters, falcons = in_two_groups(world, alice)
    world.meeting_in(otters, hours=30)
    world.meeting_in(falcons, hours=80)

    shown = shell("preview", "group_assigned", "--user", alice, "--json").json
    tried = shell("send", "group_assigned", "--user", alice, "--dry-run", "--json")

    assert "Falcons" in shown["email"]["subject"]
    assert shown["about"] == (
        f"Alice (user_{alice}), Falcons (group_{falcons}); "
        f"Alice is in Otters (group_{otters}) too: --group names another"
    )
    assert {row["notification_key"].split("/")[0] for row in tried.json} == {f"group_{falcons}_assigned"}


def test_who_names_the_group_is_told_of_no_choice(world: World, shell: Shell, own_messages: str) -> None:
    alice = world.platform.person("Alice")
    otters, _ = in_two_groups(world, alice)
    for command in (("preview", "wrapup"), ("send", "wrapup")):
        ran = shell(*command, "--user", alice, "--group", otters, NOTIFY_MESSAGES=own_messages)
        assert (ran.code, ran.err) == (0, "")
    assert received(world) == ["Thanks, Otters!"]


def test_of_many_people_in_several_groups_the_first_few_are_named(
    world: World, shell: Shell, own_messages: str
) -> None:
    people = world.platform.people(*(f"learner{n}" for n in range(7)))
    for name in ("Otters", "Falcons"):
        world.platform.group(name, members=people)
    everybody = [argument for person in people for argument in ("--user", person)]

    ran = shell("send", "wrapup", *everybody, "--dry-run", NOTIFY_MESSAGES=own_messages)

    *some, rest = [line for line in ran.err.splitlines() if line.startswith("notify: ")]
    assert len(some) == 5
    assert rest == "notify: 2 more people are in several groups: --group names one"


@pytest.mark.parametrize("reminder_type", [*BY_HAND, "wrapup"])
def test_what_is_looked_at_is_what_goes_out(
    world: World, shell: Shell, own_messages: str, course_file: str, reminder_type: str
) -> None:
    alice = world.platform.person("Alice", timezone="Europe/Berlin")
    otters, falcons = in_two_groups(world, alice)
    for group, first in ((otters, 30.5), (falcons, 80.5)):
        for week in range(3):
            world.meeting_in(group, hours=first + 168 * week)
    world.platform.session(alice, "lesson-1", started_at=world.now - timedelta(days=2))
    world.platform.enrolment(alice)
    with_files = {"NOTIFY_MESSAGES": own_messages, "NOTIFY_COURSES": course_file}

    shown = shell("preview", reminder_type, "--user", alice, "--json", **with_files).json
    tried = shell("send", reminder_type, "--user", alice, "--dry-run", **with_files)
    sent = shell("send", reminder_type, "--user", alice, **with_files)

    assert (tried.code, sent.code) == (0, 0)
    assert texts(shown) == received(world) != []
    about_a_group = reminder_type not in ("welcome", "trial_nudge")
    assert ("--group names another" in shown["about"]) == about_a_group
    assert ("--group names another" in tried.err) == about_a_group


@pytest.mark.parametrize("more", [("--group", "{otters}"), ("--meeting", "{later}")])
@pytest.mark.parametrize("reminder_type", ["welcome", "group_assigned", "meeting_reminder_1h", "wrapup"])
def test_what_is_looked_at_is_what_goes_out_where_group_or_meeting_are_named(
    world: World, shell: Shell, own_messages: str, reminder_type: str, more: Sequence[str]
) -> None:
    alice = world.platform.person("Alice")
    otters, falcons = in_two_groups(world, alice)
    world.meeting_in(falcons, hours=5.5)
    world.meeting_in(otters, hours=30.5)
    later = world.meeting_in(otters, hours=200.5)
    arguments = (reminder_type, "--user", alice, *(word.format(otters=otters, later=later) for word in more))

    shown = shell("preview", *arguments, "--json", NOTIFY_MESSAGES=own_messages).json
    sent = shell("send", *arguments, NOTIFY_MESSAGES=own_messages)

    assert (sent.code, sent.err) == (0, "")
    assert texts(shown) == received(world) != []


def test_a_group_that_has_ended_is_nobodys(world: World, shell: Shell, own_messages: str) -> None:
    alice = world.platform.person("Alice")
    world.platform.group("Otters", members=[alice], status="completed")
    for command in ("preview", "send"):
        ran = shell(command, "wrapup", "--user", alice, NOTIFY_MESSAGES=own_messages)
        assert ran.code == 2
        assert "this message needs a group" in ran.err
        assert "Otters" not in ran.out + ran.err


def test_the_trial_session_is_the_latest_of_a_lesson_that_was_never_finished(world: World, shell: Shell) -> None:
    olivia = world.platform.person("Olivia")

    def opened(lesson: str, days: int, *, done: bool = False) -> int:
        at = world.now - timedelta(days=days)
        return world.platform.session(olivia, lesson, started_at=at, completed_at=at if done else None)

    opened("older", 9)
    session = opened("wanted", 5)
    opened("finished", 4, done=True)
    opened("finished", 3)

    shown = shell("preview", "trial_nudge", "--user", olivia, "--json").json
    tried = shell("send", "trial_nudge", "--user", olivia, "--dry-run", "--json").json
    shell("send", "trial_nudge", "--user", olivia)

    assert "/lessons/wanted" in shown["email"]["text"]
    assert texts(shown) == received(world)
    assert {row["notification_key"].split("/")[0] for row in tried} == {f"trial_{session}_nudge"}


def test_without_an_unfinished_lesson_neither_shows_nor_sends_a_nudge(world: World, shell: Shell) -> None:
    peggy = world.platform.person("Peggy")
    world.platform.finished(peggy, "intro")
    for command in ("preview", "send"):
        ran = shell(command, "trial_nudge", "--user", peggy)
        assert (ran.code, ran.out) == (2, "")
        assert "no unfinished lesson that this message could be about" in ran.err


# The same for every constellation of two groups, without a shell in between.


@dataclass(frozen=True)
class Membership:
    """One of two groups: joined so many days ago, meeting in so many hours (None: never).

    Where it is not `active`, the Otters have ended and the Falcons were left.
    """

    name: str
    joined: int
    meets: int | None
    active: bool


def expected(reminder_type: str, memberships: Sequence[Membership]) -> str | None:
    """The group that a message is about, as the documentation of the Python API has it."""
    active = [one for one in memberships if one.active]
    last = min(active, key=lambda one: one.joined, default=None)
    meeting = [one for one in active if one.meets is not None]
    first = min(meeting, key=lambda one: (one.meets, one.joined), default=last)
    if reminder_type in ("welcome", "trial_nudge"):
        return None
    chosen = last if reminder_type == "group_assigned" else first
    return chosen.name if chosen else None


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)], ids=["every third", "each"])
@pytest.mark.parametrize("reminder_type", [*BY_HAND, "wrapup"])
def test_in_every_constellation_of_two_groups(
    draft: Platform, own_messages: str, course_file: str, reminder_type: str, every: int
) -> None:
    settings = config.load(
        {"NOTIFY_MESSAGES": own_messages, "NOTIFY_COURSES": course_file, "FRONTEND_URL": "https://courses.example.org"}
    )
    joined = [(40, 10), (10, 40)]
    meets = [(None, None), (30, 80), (80, 30), (30, None), (None, 30), (30, 30)]
    active = list(product((True, False), repeat=2))
    for days, hours, actives in list(product(joined, meets, active))[::every]:
        memberships = [
            Membership(*columns) for columns in zip(("Otters", "Falcons"), days, hours, actives, strict=True)
        ]
        person = settle(draft, memberships)

        group, facts, refused = planned(draft, settings, reminder_type, person)
        shown = looked_at(draft, settings, reminder_type, person)

        wanted = expected(reminder_type, memberships)
        assert (shown.group, shown.is_empty) == (wanted, refused), memberships
        if not refused:
            assert (group, facts) == (wanted, shown.facts), memberships


def settle(platform: Platform, memberships: Sequence[Membership]) -> int:
    """A person in these groups, who has begun a lesson."""
    alice = platform.person("alice")
    platform.session(alice, "lesson-1")
    for one in memberships:
        has_ended, was_left = (not one.active and one.name == name for name in ("Otters", "Falcons"))
        group = platform.group(one.name, status="completed" if has_ended else "active")
        platform.member(group, alice, joined_at=platform.now - timedelta(days=one.joined))
        if was_left:
            platform.leave(group, alice)
        if one.meets is not None:
            platform.meeting(group, platform.now + timedelta(hours=one.meets))
    return alice


def planned(platform: Platform, settings: Settings, reminder_type: str, person: int) -> tuple[str | None, object, bool]:
    """The group and the facts of what `send` would send, or that it refuses."""
    rules = Policy.of(settings)
    order = Order(reminder_type, user_ids=(person,))
    try:
        made = plan.make(platform.connection, settings, rules, order, now=platform.now)
    except UsageError:
        return None, None, True
    delivery = made.going[-1]
    tables = batch.load(platform.connection, [delivery], settings, rules.courses(), now=platform.now)
    facts = tables.facts(delivery)
    return facts.group.name if facts.group else None, facts, False


@dataclass(frozen=True)
class Shown:
    """What a preview is about, and whether nothing of it can be shown."""

    group: str | None
    facts: object
    is_empty: bool


def looked_at(platform: Platform, settings: Settings, reminder_type: str, person: int) -> Shown:
    catalog = messages.load(settings.messages)
    needs = preview.needs(catalog, reminder_type, (), PERSONAL)
    found = target.find(platform.connection, reminder_type, needs, Named(person), now=platform.now)
    deliveries = [d for d in preview.deliveries(reminder_type, found, platform.now) if d.method in PERSONAL]
    tables = batch.load(platform.connection, deliveries, settings, Policy.of(settings).courses(), now=platform.now)
    made = preview.make(catalog, reminder_type, tables, found, preview.complete(settings), only=PERSONAL)
    facts = tables.facts(deliveries[-1])
    return Shown(facts.group.name if facts.group else None, facts, made.is_empty)
