"""A message that cannot be made for anybody is a fault of the run; one that cannot be made for somebody is not."""

from __future__ import annotations

from typing import Any

import pytest

from notify_cli.errors import EXIT_OK, EXIT_TEMPORARY
from notify_cli.sending import compose
from tests.support.world import World


@pytest.fixture
def stumbling(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names in whose messages the code stumbles over something that nobody foresaw."""
    names: set[str] = set()
    made = compose.message

    def message(claim: Any, tables: Any, *rest: Any, **more: Any) -> compose.Composed:
        facts = tables.facts(claim.delivery, None)
        if facts.person and facts.person.name in names:
            raise TypeError("unsupported operand")
        return made(claim, tables, *rest, **more)

    monkeypatch.setattr(compose, "message", message)
    return names


def test_a_message_that_can_be_made_for_nobody_is_a_fault_of_the_run(world: World, stumbling: set[str]) -> None:
    world.meeting_in(world.platform.group(members=world.platform.people("alice", "bob")), hours=23)
    stumbling |= {"alice", "bob"}

    done = world.sweep()

    assert (done.exit_code, done.by_method["email"], done.by_method["discord_channel"]) == (EXIT_TEMPORARY, 0, 1)
    [fault] = done.faults
    assert fault.startswith("meeting_reminder_24h cannot be made for any of 2 recipients: ")
    assert "TypeError" in fault
    assert {row["status"] for row in world.log() if row["method"] == "email"} == {"pending"}


def test_one_that_cannot_be_made_for_somebody_is_not(world: World, stumbling: set[str]) -> None:
    world.meeting_in(world.platform.group(members=world.platform.people("alice", "bob", "carol")), hours=23)
    stumbling |= {"alice", "bob"}

    done = world.sweep()

    assert (done.exit_code, done.faults, done.retrying) == (EXIT_OK, [], 2)
    assert world.inboxes() == ["carol@example.org"]
