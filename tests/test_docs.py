"""What the pages say of files, commands, columns, statuses, codes and settings is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.__main__ import FIGURES
from notify_cli import cli, config, errors
from notify_cli.display import words
from notify_cli.platform.contract import STATUSES
from tests.support.paths import PACKAGE, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SETTINGS = {declared.variable for declared in config.DECLARED.values()} | {"NOTIFY_ENV_FILE"}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its own heading."""
    below = text_of(page).partition(f"\n{heading}\n")[2]
    rows = re.search(r"^\|.*\n\|[-:| ]+\|\n((?:\|.*\n)+)", below, re.MULTILINE)
    assert rows, heading
    return [[cell.strip() for cell in row.strip("|\n").split(" | ")] for row in rows.group(1).splitlines()]


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose)
    for link in links:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_exists(page: Path) -> None:
    prose = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`([a-z_]+/[a-z_./-]*\w\.(?:py|sql|md|yaml|html|css|svg))`", prose))
    assert {
        name for name in named if not any((where / name).exists() for where in (ROOT, PACKAGE, page.parent))
    } == set()


def test_the_readme_lists_every_command() -> None:
    assert {re.findall(r"[a-z-]+", row[0])[0] for row in table("README.md", "## Commands")} == cli._COMMANDS.keys()


def test_the_operators_page_explains_every_exit_code() -> None:
    ours = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert {int(row[0]) for row in table("docs/operations.md", "## Exit codes")} == ours | {130}


def test_the_page_on_guarantees_explains_every_status_of_the_log() -> None:
    rows = table("docs/guarantees.md", "## The rows of the log")
    assert {re.findall(r"\w+", row[0])[0] for row in rows} == set(STATUSES)
    assert {row[1].strip("`") for row in rows} <= set(words.STATES)


def test_the_page_on_migrations_names_every_column_that_is_added_or_optional() -> None:
    page = text_of("docs/migrations.md")
    contract = (PACKAGE / "platform" / "contract.sql").read_text(encoding="utf-8")
    [ours] = re.findall(r"^OURS = \{(.*?)\}", page, re.MULTILINE | re.DOTALL)
    assert re.findall(r'"(\w+)"', ours) == re.findall(r"\('reminders_log', '(\w+)', '\w+', 'added'", contract)
    views = (PACKAGE / "platform" / "views.sql").read_text(encoding="utf-8")
    [optional] = re.findall(r"^Columns that the views take if they are there \((.*?)\)", page, re.MULTILINE | re.DOTALL)
    read = set(re.findall(r"to_jsonb\(\w+\) ->> '(\w+)'", views))
    assert read - {"column"} == set(re.findall(r"`(\w+)`", optional))


def test_the_page_on_speed_names_every_figure_of_the_bench() -> None:
    page = text_of("docs/performance.md")
    [named] = re.findall(r"; of ((?:`\w+`,?\s)+`\w+`)\.", page)
    assert re.findall(r"`(\w+)`", named) == list(FIGURES)
    assert {row[0].strip("`") for row in table("docs/performance.md", "## The figures of the day")} <= FIGURES.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_set_in_an_example_exists(page: Path) -> None:
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"^([A-Z_]+)=", "\n".join(blocks), re.MULTILINE))
    assert named - SETTINGS == set()
    spoken_of = set(re.findall(r"\bNOTIFY_[A-Z_]+\b", page.read_text(encoding="utf-8")))
    assert {name for name in spoken_of if name not in SETTINGS and not name.endswith("_")} - {"NOTIFY_PORT"} == set()


def test_cron_and_systemd_start_the_same_at_the_same_time() -> None:
    crontab = [line for line in text_of("crontab.example").splitlines() if re.match(r"[\d*]", line)]
    at = {}
    for line in crontab:
        minute, hour, *_, command = line.split(maxsplit=5)
        name = re.findall(r"notify\.env ([a-z]+)", command)[0]
        at[name] = "minutely" if minute == "*" else f"*:{minute}" if hour == "*" else f"*-*-* {hour:0>2}:{minute:0>2}"
    timers = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "systemd").glob("*.timer")}
    started = {
        name.partition("@")[2] or "sweep": re.findall(r"OnCalendar=(.*)", unit)[0] for name, unit in timers.items()
    }
    assert started == at
