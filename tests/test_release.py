"""What a release is made of: one version, the versions that it was tested with, and what every change must pass."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from notify_cli import __version__
from notify_cli.doctor import database
from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
PINS = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in LINES)}
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())


def declared() -> list[Requirement]:
    optional = PROJECT["optional-dependencies"]
    named = [*PROJECT["dependencies"], *optional["demo"], *optional["dev"]]
    return [one for one in map(Requirement, named) if canonicalize_name(one.name) != PROJECT["name"]]


def test_the_newest_release_of_the_changelog_is_this_one() -> None:
    [newest, *_] = re.findall(r"^## (\d[\w.]*) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == __version__


@pytest.mark.parametrize("page", ["install.md", "operations.md"])
def test_the_commands_of_the_docs_install_this_release(page: str) -> None:
    named = re.findall(
        r"course_notify-([\w.]+)-py3-none-any\.whl|/notify:([\d.]+\d)", (ROOT / "docs" / page).read_text()
    )
    assert named
    assert {wheel or image for wheel, image in named} == {__version__}


def test_every_dependency_is_pinned_within_its_range() -> None:
    assert len(PINS) == len(LINES)
    lacking = [one.name for one in declared() if canonicalize_name(one.name) not in PINS]
    assert lacking == []
    outside = [str(one) for one in declared() if not one.specifier.contains(PINS[canonicalize_name(one.name)])]
    assert outside == []


def test_no_floor_admits_a_release_with_a_known_hole() -> None:
    """CVE-2025-43859: h11 before 0.16, which httpcore admits before 1.0.9."""
    floors = {canonicalize_name(one.name): one.specifier for one in declared()}
    assert not floors[canonicalize_name("httpcore")].contains("1.0.8")
    assert tuple(map(int, PINS[canonicalize_name("h11")].split("."))) >= (0, 16)


def test_tests_and_production_install_the_same_versions() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = [line for line in makefile.splitlines() if "pip install" in line and "build/constraints" not in line]
    assert len(installs) == 2
    commands = [*installs, *re.findall(r"RUN .*?pip install[^\n]*", (ROOT / "Dockerfile").read_text(), re.DOTALL)]
    for page in ("README.md", "docs/install.md", "docs/operations.md"):
        commands += re.findall(
            r"^ *[#$] .*(?:pip|pipx|tool) install .*(?:whl|\.)$", (ROOT / page).read_text(), re.MULTILINE
        )
    assert len(commands) >= 7
    assert [command for command in commands if not re.search(r"--constraints?=", command)] == []


def test_a_commit_is_checked_by_what_ci_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    targets = {hook["entry"].split()[-1] for hook in hooks}
    assert targets == {"lint", "types", "imports"}
    assert f"make {' '.join(['lint', 'types', 'imports'])}" in (ROOT / ".ci" / "run").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}: ", makefile, re.MULTILINE) for target in targets)


def test_the_workflow_tries_every_python_and_postgresql_that_is_supported() -> None:
    matrix = WORKFLOW["jobs"]["versions"]["strategy"]["matrix"]
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert matrix["python"][0] == lowest
    assert matrix["python"] == [f"3.{minor}" for minor in range(int(lowest.split(".")[1]), 15)]
    assert matrix["postgres"] == [str(major) for major in range(14, 19)]
    assert int(matrix["postgres"][0]) * 10000 == database.OLDEST
    for page in ("install.md", "integrate.md"):
        said = re.findall(r"PostgreSQL (\d+) or (?:newer|later)", (ROOT / "docs" / page).read_text())
        assert said == [matrix["postgres"][0]]
    commands = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    assert "make test" in commands
    assert any("make test-postgres POSTGRES=" in command for command in commands)


def test_the_tests_that_the_makefile_names_exist() -> None:
    """A name that is gone would be passed over in silence."""
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"\btests/[\w/.]+(?:::\w+)?", makefile)
    assert len(named) > 10
    for name in named:
        path, _, function = name.partition("::")
        assert (ROOT / path).exists(), name
        assert not function or f"def {function}(" in (ROOT / path).read_text(), name
