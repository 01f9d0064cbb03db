"""Few file descriptors: fewer senders, and never a message whose outcome cannot be recorded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from notify_cli.sending import descriptors
from tests.support import process
from tests.support.fakes.http import Request
from tests.support.paths import PACKAGE, ROOT
from tests.support.world import World


def newcomers(world: World, count: int) -> None:
    """So many people to be welcomed by email."""
    for number in range(count):
        person = world.platform.person(f"member{number}", discord_id=None)
        world.platform.enrolment(person, at=world.now)


def delivered(world: World) -> int:
    return [row["status"] for row in world.log()].count("delivered")


@pytest.mark.parametrize("limit", [20, 64, 66, 68])
def test_a_run_with_few_descriptors_records_just_what_was_accepted(world: World, limit: int) -> None:
    newcomers(world, 150)
    world.sendgrid.latency = 0.2
    few = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))"

    done = process.run(world.environment(), "sweep-due", before=few)

    assert (done.returncode, done.stderr) == (0, "")
    assert delivered(world) == len(set(world.inboxes())) == len(world.inboxes()) == 150


@pytest.mark.parametrize("lost", ["**/*.sql", "**/*"], ids=["the statements", "the whole package"])
def test_a_run_whose_files_are_removed_meanwhile_records_what_it_sent(world: World, tmp_path: Path, lost: str) -> None:
    """As an upgrade does that replaces the package under a run."""
    newcomers(world, 12)
    shutil.copytree(PACKAGE, tmp_path / "notify_cli", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "email_base.html", tmp_path / "notify_cli")  # as in the wheel
    removed: list[Path] = []

    def remove(request: Request) -> None:
        if not removed:
            removed.extend(path for path in (tmp_path / "notify_cli").glob(lost) if path.is_file())
            for path in removed:
                path.unlink()

    world.sendgrid.script(remove)

    done = process.run(
        world.environment(PYTHONPATH=str(tmp_path), NOTIFY_EMAIL_CONCURRENCY="1"),
        "sweep-due",
        before=f"import notify_cli; assert notify_cli.__file__.startswith({str(tmp_path)!r})",
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "record.sql" in {path.name for path in removed}
    assert delivered(world) == len(world.inboxes()) == 12


def test_senders_are_as_many_as_wanted_where_descriptors_suffice() -> None:
    assert descriptors.share([64, 8, 1], limit=1024, used=10) == [64, 8, 1]
    assert descriptors.share([256, 8, 1], limit=-1, used=10) == [256, 8, 1]


@pytest.mark.parametrize("limit", [20, 32, 64, 100, 128])
def test_the_most_numerous_give_way_and_everybody_keeps_one(limit: int) -> None:
    found = descriptors.share([64, 8, 1], limit=limit, used=5)
    assert min(found) == 1
    assert found[0] >= found[1] >= found[2]
    assert 2 * sum(found) + 6 + 5 < limit or found == [1, 1, 1]
