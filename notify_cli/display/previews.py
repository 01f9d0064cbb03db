"""How a preview looks: the email, the Discord messages and the calendar, each in a frame of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from notify_cli import display, times
from notify_cli.display import shapes
from notify_cli.display.tables import Column, printable, table, terminal
from notify_cli.registry import methods_of, types_of_section

if TYPE_CHECKING:
    from pathlib import Path

    from notify_cli.messages.catalog import Catalog, Finding, Section
    from notify_cli.preview import Calendar, Preview

_WIDEST = 100  # characters: longer lines are hard to read
_STAMP = re.compile(r"<t:(\d+):F>")

Frame = tuple[str, str]  # title, text


def types(catalog: Catalog, *, json_wanted: bool) -> None:
    """All message types: what each consists of, and who sends it."""
    rows: list[dict[str, Any]] = [
        {
            "type": section.name,
            "parts": _parts(section),
            "variables": list(section.variables),
            "automatic": bool(section.sends or types_of_section(section.name)),
        }
        for section in catalog.sections.values()
    ]
    if json_wanted:
        display.as_json(rows)
        return
    columns: dict[str, str | Column] = {
        "type": "type",
        "parts": Column("consists of", words=", ".join, wraps=True),
        "automatic": Column("sent", words=lambda automatic: "by itself" if automatic else "by notify send"),
        "variables": Column("needs", words=", ".join, wraps=True),
    }
    table(columns, rows, empty=f"{catalog.path.name} has no messages.")


def _parts(section: Section) -> list[str]:
    """By which methods a section can go out, and whether it has an invite."""
    invite = ["invite"] if "calendar_title" in section.parts else []
    return [method.way.short for method in methods_of(section.parts)] + invite


def findings(found: Sequence[Finding], faults: Sequence[str], path: Path, *, json_wanted: bool) -> None:
    """What a check of the messages file found: its findings, or as lines the `faults` of one that cannot be read."""
    if json_wanted:
        told = [_fault(line) for line in faults]
        display.as_json(told + [_finding(f.file, f.line, f.severity, f.text) for f in found])
        return
    for line in faults or map(str, found):
        display.line(line)
    errors = len(faults) + sum(finding.severity == "error" for finding in found)
    if errors:
        display.errors([f"{'1 fault' if errors == 1 else f'{errors} faults'} in {path.resolve()}"])
    else:
        display.line(f"{path.resolve()}: ok")


def show(made: Preview, path: Path, *, json_wanted: bool) -> None:
    """JSON when asked for, frames on a terminal, plain text in a pipe. `path` is the file that the texts are from."""
    if json_wanted:
        display.as_json(shapes.preview(made))
        return
    if made.withheld:
        display.line(printable(made.withheld))
    frames = [(printable(title), printable(text)) for title, text in _frames(made)]
    if sys.stdout.isatty():
        _framed(printable(f"{made.reminder_type}, {made.about}, {path.resolve()}"), frames)
    else:
        display.line("\n\n".join(f"--- {title}\n{text}" for title, text in frames))
        display.line(printable(f"\n--- {path.resolve()}"))
    display.errors([f"{part}: {error}" for part, error in made.errors.items()])


def _frames(made: Preview) -> list[Frame]:
    frames: list[Frame] = []
    if made.email:
        to = f"{made.email.to_name} <{made.email.to}>"
        frames.append(("Email", f"To:      {to}\nSubject: {made.email.subject}\n\n{made.email.text.rstrip()}"))
    for method, message in made.texts.items():
        limit = f" of {method.way.limit:,}" if method.way.limit else ""
        title = f"{method.way.title}, {len(message.content)}{limit} characters"
        frames.append((title, message.content + _shown_times(message.content, made.timezone)))
    if made.calendar:
        frames.append((_calendar_title(made.calendar), _calendar(made.calendar, made.timezone)))
    return frames


def _shown_times(content: str, zone: str | None) -> str:
    """What Discord's time stamps become, since here they are only numbers."""
    stamps = dict.fromkeys(_STAMP.findall(content))
    moments = [f"<t:{s}:F> is shown as {times.moment(datetime.fromtimestamp(int(s), UTC), zone)}" for s in stamps]
    return "".join(f"\n\n({moment}, to each in their own zone)" for moment in moments)


def _calendar_title(calendar: Calendar) -> str:
    count = len(calendar.occurrences)
    meetings = "1 meeting" if count == 1 else f"{count} meetings"
    return f"Calendar, takes out {meetings}" if calendar.method == "CANCEL" else f"Calendar invite, {meetings}"


def _calendar(calendar: Calendar, zone: str | None) -> str:
    lines = []
    for one in calendar.occurrences:
        link = f"  {one.join_url}" if one.join_url else ""
        lines.append(f"{times.moment(one.starts_at, zone)}, {one.duration // timedelta(minutes=1)} minutes{link}")
    return "\n".join([calendar.title, "", *calendar.description.strip().splitlines(), "", *lines])


def _framed(title: str, frames: Sequence[Frame]) -> None:
    from rich.panel import Panel
    from rich.text import Text

    console = terminal()
    console.print(Text(title, "bold"))
    for heading, text in frames:
        frame = Panel(Text(text), title=Text(heading, "bold"), title_align="left", border_style="bright_black")
        console.print(frame, width=min(console.width, _WIDEST))


def _fault(line: str) -> dict[str, Any]:
    match = re.fullmatch(r"([^:]+):(\d+): (.*)", line)
    return _finding(match[1], int(match[2]), "error", match[3]) if match else _finding("", None, "error", line)


def _finding(file: str, line: int | None, severity: str, text: str) -> dict[str, Any]:
    return {"file": file, "line": line, "severity": severity, "text": text}
