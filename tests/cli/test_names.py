"""People, groups and cohorts on the command line as people call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import completions
from tests.support.terminal import Command
from tests.support.world import World

TEXT = ("--set", "subject=Hi", "--set", "text=Yes")


@pytest.fixture
def otters(world: World) -> int:
    """Alice Baker (101) and bob are in the group Otters, which meets tomorrow, and in the cohort Winter."""
    platform = world.platform
    cohort = platform.cohort("Winter")
    people = (
        platform.person("Alice Baker", email="Alice@example.org", discord_id="100000000000000101"),
        platform.person("bob"),
    )
    for person in people:
        platform.enrolment(person, cohort=cohort)
    otters = platform.group("Otters", cohort=cohort, members=people)
    world.meeting_in(otters, hours=30)
    return otters


ALICE = ["1", "Alice@example.org", "alice@EXAMPLE.org", "100000000000000101", "Alice Baker", "  alice   baker "]
OTTERS = ["1", "Otters", "otters", "900000000000000001"]


@pytest.mark.parametrize("command", ["explain", "upcoming", "log", "preview welcome", "send announcement --dry-run"])
def test_a_person_goes_by_id_address_discord_id_or_name(notify: Command, otters: int, command: str) -> None:
    text = TEXT if command.startswith("send") else ()
    by_id = notify(*command.split(), "--user", "1", *text, "--json")
    for said in ALICE:
        by_name = notify(*command.split(), "--user", said, *text, "--json")
        assert by_id.code == by_name.code == 0, (said, by_name.err)
        found = [_undated(ran.json) for ran in (by_id, by_name)]
        assert found[0] == found[1], said
        assert command == "log" or found[0]


@pytest.mark.parametrize(
    "command", ["upcoming", "log", "preview meeting_reminder_1h", "send meeting_reminder_1h --dry-run"]
)
def test_a_group_goes_by_id_or_name(notify: Command, otters: int, command: str) -> None:
    by_id = notify(*command.split(), "--group", str(otters), "--json")
    for said in OTTERS:
        by_name = notify(*command.split(), "--group", said, "--json")
        assert by_id.code == by_name.code == 0, (said, by_name.err)
        assert by_name.json == by_id.json, said


def test_a_cohort_goes_by_id_or_name(notify: Command, otters: int) -> None:
    by_id, by_name = (
        notify("send", "announcement", "--cohort", said, *TEXT, "--dry-run", "--json") for said in ("1", "winter")
    )
    assert by_id.code == by_name.code == 0
    assert len(by_id.json) == len(by_name.json) == 4


def test_a_cohort_whose_name_the_views_do_not_tell_goes_by_its_id(world: World, notify: Command, otters: int) -> None:
    world.connection.execute("drop view notify.enrolments; create view notify.enrolments as "
        "select user_id, 'AI'::text as course, cohort_id, created_at as enrolled_at from courses_users")  # fmt: skip
    assert notify("send", "announcement", "--cohort", "1", *TEXT, "--dry-run").code == 0
    by_name = notify("send", "announcement", "--cohort", "Winter", *TEXT, "--dry-run")
    assert (by_name.code, by_name.out) == (2, "")
    assert "there is no cohort 'Winter': --cohort takes an id or, where the view notify.enrolments has" in by_name.err


def test_a_name_that_several_have_lists_them(world: World, notify: Command, otters: int) -> None:
    world.platform.person("alice baker", email="a2@example.org")
    ran = notify("explain", "--user", "Alice Baker")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "notify: 'Alice Baker' is the name of several: Alice Baker (user_1, Alice@example.org), "
        "alice baker (user_3, a2@example.org): give the id of the one you mean\n"
    )
    assert notify("explain", "--user", "a2@example.org").code == 0


def test_several_groups_of_one_name_are_told_apart(world: World, notify: Command, otters: int) -> None:
    world.platform.group("Otters", status="completed")
    ran = notify("upcoming", "--group", "Otters")
    assert ran.code == 2
    assert "Otters (group_1, of AI Safety), Otters (group_2, of AI Safety, not active)" in ran.err


def test_a_part_of_a_name_is_no_name_but_a_hint(notify: Command, otters: int) -> None:
    ran = notify("explain", "--user", "Alice")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "notify: there is no user 'Alice': did you mean Alice Baker (user_1, Alice@example.org)?\n"
    assert "did you mean Otters (group_1" in notify("log", "--group", "otter").err


def test_an_id_goes_before_a_name_that_looks_like_one(world: World, notify: Command, otters: int) -> None:
    world.platform.person("2", email="two@example.org")
    assert notify("preview", "welcome", "--user", "2", "--json").json["email"]["to"] == "bob@example.org"


def test_every_name_that_is_wrong_is_told_at_once(notify: Command, otters: int) -> None:
    ran = notify("send", "announcement", "--user", "Zoe", "--user", "bob", "--user", "999", *TEXT)
    assert ran.code == 2
    assert [line.partition(":")[2].strip().partition(":")[0] for line in ran.err.splitlines()] == [
        "there is no user 'Zoe'",
        "there is no user 999",
    ]


def test_one_person_by_two_names_is_one(notify: Command, otters: int) -> None:
    said = ("--user", "bob", "--user", "2", "--user", "bob@example.org")
    assert len(notify("send", "announcement", *said, *TEXT, "--dry-run", "--json").json) == 2


@pytest.mark.parametrize("said", ["999", "Badgers"])
def test_a_group_that_is_not_there_is_a_mistake_in_every_command(notify: Command, otters: int, said: str) -> None:
    for command in ("upcoming", "log", "preview meeting_reminder_1h", "send meeting_reminder_1h"):
        ran = notify(*command.split(), "--group", said)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.endswith(": --group takes an id or a name\n")


def test_a_meeting_that_is_not_there_is_a_mistake_in_every_command(notify: Command, otters: int) -> None:
    send = "send meeting_reminder_1h --user 1"
    for command in ("upcoming", "preview meeting_reminder_1h", "explain --user 1", send):
        ran = notify(*command.split(), "--meeting", "999")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("notify: there is no meeting 999: ")


def test_who_has_no_account_any_more_still_has_a_log(world: World, notify: Command, otters: int) -> None:
    frank = world.platform.person("frank")
    world.platform.enrolment(frank, at=world.now)
    world.sweep()
    world.platform.update("users", {"user_id": frank}, deleted_at=world.now)
    assert len(notify("log", "--user", frank, "--json").json) == 2
    assert "account_deleted" in notify("explain", "--user", frank, "--json").out
    assert notify("log", "--user", "frank").code == 2


def test_the_shell_offers_names(world: World, otters: int, tmp_path: Path) -> None:
    database = {"DATABASE_URL": world.url}
    world.platform.person("Al\x1b[2J")
    assert completions("notify explain --user b", tmp_path, **database) == ["bob", "bob@example.org"]
    assert completions("notify log --user Al", tmp_path, **database) == ["Alice", "Baker", "Alice@example.org"]
    assert completions("notify upcoming --group ", tmp_path, **database) == ["Otters"]
    assert completions("notify send announcement --cohort W", tmp_path, **database) == ["Winter"]
    assert completions("notify log --user ", tmp_path) == []


def _undated(found: Any) -> Any:
    """Without the times, some of which are those of the command itself."""
    return [{**one, "due_at": None} for one in found] if isinstance(found, list) else found
