"""Tables: aligned to the terminal's width for people, tab-separated lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from notify_cli import times
from notify_cli.characters import CONTROLS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Row = Mapping[str, Any]

_GAP = "  "
_NARROWEST = 10  # a column is wrapped, but never to less


@dataclass(frozen=True, slots=True)
class Column:
    """How a value is shown to people.

    `words` turns it into text, `style` names its colours; it appears on terminals at least `from_width` wide. Where a
    row does not fit, columns with `wraps` and `clips` give way, to more lines or to an ellipsis. `below` puts a value,
    if there is any, on a line of its own.
    """

    heading: str
    words: Callable[[Any], str] | None = None
    style: Callable[[Any], str] | None = None
    from_width: int = 0
    wraps: bool = False
    clips: bool = False
    below: bool = False


def table(columns: Mapping[str, str | Column], rows: Sequence[Row], *, empty: str) -> None:
    """Rows under headings on a terminal; elsewhere tab-separated lines, the first of them the keys.

    `columns` maps keys of a row to how they are shown; `empty` is said where there are no rows, on a terminal only.
    """
    if not sys.stdout.isatty():
        tab_separated(list(columns), rows)
    elif rows:
        grouped(columns, [("", rows)])
    else:
        print(empty)  # noqa: T201


def grouped(columns: Mapping[str, str | Column], groups: Sequence[tuple[str, Sequence[Row]]]) -> None:
    """A table on a terminal whose rows stand in groups, each under a line of its own unless that is empty."""
    console = terminal()
    shown = {key: Column(column) if isinstance(column, str) else column for key, column in columns.items()}
    for line in _lines({k: c for k, c in shown.items() if c.from_width <= console.width}, groups, console):
        console.print(line, no_wrap=True, crop=False)


def tab_separated(keys: Sequence[str], rows: Sequence[Row]) -> None:
    """A line of keys and a line for each row, values in words that other programs can read."""
    for line in (keys, *([_plain(row[key]) for key in keys] for row in rows)):
        print("\t".join(line))  # noqa: T201


def printable(text: str) -> str:
    """Without the control characters that could move a terminal's cursor: names are what people make them."""
    return CONTROLS.sub(" ", text)


def terminal() -> Console:
    """A console on stdout; it honours NO_COLOR and COLUMNS."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def _lines(
    columns: Mapping[str, Column], groups: Sequence[tuple[str, Sequence[Row]]], console: Console
) -> Iterator[Text]:
    from rich.text import Text

    beside = {key: column for key, column in columns.items() if not column.below}
    rows = [row for _, group in groups for row in group]
    cells = {key: _cells(column, [row[key] for row in rows]) for key, column in beside.items()}
    widths = _widths(beside, cells, console.width)
    heading = [Text(texts[0].plain, "bold") for texts in cells.values()]
    if any(text.plain for text in heading):
        yield from _side_by_side(heading, widths, console)
    for column, texts, width in zip(beside.values(), cells.values(), widths, strict=True):
        for text in texts if column.clips else ():
            text.truncate(width, overflow="ellipsis")
    number = 0
    for title, group in groups:
        yield from (Text(), *Text(printable(title), "bold").wrap(console, console.width)) if title else ()
        for row in group:
            number += 1
            yield from _side_by_side([texts[number] for texts in cells.values()], widths, console)
            yield from _below(columns, row, console)


def _below(columns: Mapping[str, Column], row: Row, console: Console) -> Iterator[Text]:
    from rich.text import Text

    for key, column in columns.items():
        if column.below and row[key]:
            text = Text(_words(column, row[key]), column.style(row[key]) if column.style else "")
            yield from (Text("    ") + part for part in text.wrap(console, console.width - 4))


def _cells(column: Column, values: Sequence[Any]) -> list[Text]:
    """The heading and the cells of a column. A zone that all times share is said once, in the heading."""
    from rich.text import Text

    zones = {times.zone_here(value) for value in values if isinstance(value, datetime)}
    shared = column.words is None and len(zones) == 1
    heading = f"{column.heading} ({min(zones)})" if shared else column.heading
    cells = [Text(heading)]
    for value in values:
        words = _words(column, value)
        if shared and isinstance(value, datetime):
            words = words.removesuffix(f" {min(zones)}")
        cells.append(Text(words, column.style(value) if column.style else ""))
    return cells


def _widths(columns: Mapping[str, Column], cells: Mapping[str, Sequence[Text]], available: int) -> list[int]:
    widths = {key: max(text.cell_len for text in texts) for key, texts in cells.items()}
    over = sum(widths.values()) + len(_GAP) * (len(widths) - 1) - available
    # The widest gives way first, until none is wider than the next.
    while over > 0:
        giving = [key for key, column in columns.items() if (column.wraps or column.clips) and widths[key] > _NARROWEST]
        if not giving:
            break
        widest = max(giving, key=lambda key: widths[key])
        widths[widest] -= 1
        over -= 1
    return list(widths.values())


def _side_by_side(cells: Sequence[Text], widths: Sequence[int], console: Console) -> list[Text]:
    from rich.text import Text

    wrapped = [list(cell.wrap(console, width, overflow="fold")) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for parts in zip_longest(*wrapped, fillvalue=None):
        line = Text()
        for part, width in zip(parts, widths, strict=True):
            piece = Text("") if part is None else part
            piece.rstrip()
            line += piece
            line += Text(" " * (width - piece.cell_len) + _GAP)
        line.rstrip()
        lines.append(line)
    return lines


def _words(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if column.words is not None:
        return printable(column.words(value))
    return times.local(value, datetime.now(UTC)) if isinstance(value, datetime) else printable(str(value))


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().isoformat(timespec="seconds")
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(printable(text).split())
