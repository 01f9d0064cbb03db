"""A month with outages, a dead provider, edits and a restore: the audit names what the providers lack, nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notify_cli import audit, db
from notify_cli.due import Policy
from tests.support import month as months
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.month import END, START, STATE, Month
from tests.support.postgres import Server
from tests.support.world import World


@pytest.fixture
def perfect(server: Server, ready_template: str) -> Iterator[World]:
    """A world in which nothing ever goes wrong."""
    with (
        server.database(ready_template) as url,
        db.connect(url) as connection,
        FakeSendGrid() as sendgrid,
        FakeDiscord() as discord,
    ):
        yield World(url, connection, sendgrid, discord)


def the_audit_is_exact(world: World, perfect: World, folder: Path, seed: int) -> None:
    month = Month.of(seed)
    months.live(perfect, month, folder, perfect=True)
    months.live(world, month, folder, perfect=False)

    policy = Policy.of(world.settings(NOTIFY_COURSES=str(folder / "course.yaml")))
    found = audit.examine(world.connection, policy, since=END - START, dm_interval=0, now=END)
    assert found.faults == ()

    findings = [one for one in found.findings if one.reminder_type not in STATE]
    due, arrived = months.told(perfect), months.taken(world)
    lacking = {key for identity, key in due.items() if identity not in arrived}
    named = {one.notification_key for one in findings if one.finding in ("never_tried", "failed")}
    assert named == lacking, (sorted(named - lacking), sorted(lacking - named), month)
    assert len(due) > 20
    late = {one.notification_key for one in findings if one.finding == "late"}
    assert late <= set(due.values()) - lacking
    assert not [one for one in findings if one.finding == "should_not_have"]


@pytest.mark.parametrize("seed", [1])
def test_the_audit_of_a_month_names_what_is_lacking_and_nothing_more(
    world: World, perfect: World, tmp_path: Path, seed: int
) -> None:
    the_audit_is_exact(world, perfect, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4, 5, 12, 13, 14, 15])
def test_so_does_that_of_many(world: World, perfect: World, tmp_path: Path, seed: int) -> None:
    the_audit_is_exact(world, perfect, tmp_path, seed)
