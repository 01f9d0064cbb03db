"""What is installed: under a name that is ours, with what is imported and nothing else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.paths import PACKAGE, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Needed without an import: psycopg's binary build is its extra, zones are read by zoneinfo.
UNIMPORTED = {"tzdata"}


def name_of(requirement: str) -> str:
    return re.split(r"[\s<>=!~\[;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def imported() -> set[str]:
    """The distributions that the package's modules import."""
    modules = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    providers = packages_distributions()
    foreign = modules - sys.stdlib_module_names - {PACKAGE.name}
    return {name_of(distribution) for module in foreign for distribution in providers.get(module, [module])}


def advice() -> Iterator[tuple[Path, str]]:
    """Every `pip install` (or pipx, uv) of something that is not a folder."""
    texts = [*PACKAGE.rglob("*.py"), *ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "Makefile"]
    for path in texts:
        for found in re.findall(r"\b(?:pip|pipx|tool) install (?:-\S+ )*['\"]?([A-Za-z][\w-]*)", path.read_text()):
            yield path, found


def test_the_distribution_is_not_a_strangers() -> None:
    """notify-cli on PyPI is somebody else's, with a module of our name: it would overwrite ours."""
    assert PROJECT["name"] == "course-notify"
    assert PROJECT["scripts"] == {"notify": "notify_cli.cli:main"}


def test_every_advice_to_install_names_our_distribution() -> None:
    found = list(advice())
    assert found
    assert {name for _, name in found} == {PROJECT["name"]}


def test_every_dependency_is_imported_and_every_import_is_a_dependency() -> None:
    declared = {name_of(requirement) for requirement in PROJECT["dependencies"]}
    optional = {name_of(requirement) for requirement in PROJECT["optional-dependencies"]["demo"]}
    assert declared - UNIMPORTED == imported() - optional


@pytest.mark.parametrize("path", sorted(path for path in PACKAGE.rglob("*.py")), ids=lambda path: str(path.name))
def test_no_module_and_no_function_outgrows_itself(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


# The calendar's rules, and the demo's data.
LONG_SQL = {"calendar_update.sql", "calendar_cancel.sql", "sample.sql"}


def test_no_statement_outgrows_itself() -> None:
    long = {path.name for path in PACKAGE.rglob("*.sql") if path.read_text().count("\n") > 130}
    assert long <= LONG_SQL
