"""A measured figure, the table of them, and on what they were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg


@dataclass(frozen=True)
class Figure:
    """`value` is what was measured, `target` what was promised of it (None: only told), `detail` how it came about."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Whether the promise is kept."""
        if self.target is None:
            return ""
        kept = self.value <= self.target if self.at_most else self.value >= self.target
        return "ok" if kept else "MISSED"

    @property
    def row(self) -> tuple[str, ...]:
        """Its line of the table."""
        promise = "" if self.target is None else f"{'<=' if self.at_most else '>='} {_number(self.target)}"
        return (self.name, f"{_number(self.value)} {self.unit}".strip(), promise, self.verdict, self.detail)


# `bench` is what measures it: `python -m bench NAME`.
_HEADING = ("bench", "figure", "measured", "promised", "", "how")


def table(figures: Sequence[tuple[str, Figure]]) -> str:
    """All figures, a line each, with the name by which `python -m bench NAME` measures each again."""
    rows = [_HEADING, *((name, *figure.row) for name, figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADING) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown(figures: Sequence[tuple[str, Figure]]) -> str:
    """The same as a table of docs/performance.md."""
    rows: list[tuple[str, ...]] = [_HEADING, ("---", "---", "---:", "---:", "---", "---")]
    rows += [(f"`{name}`", *figure.row) for name, figure in figures]
    return "\n".join("|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in rows)


def conditions(server_version: int) -> str:
    """The machine and the versions that the figures are of; `server_version` as libpq gives it."""
    cores = len(os.sched_getaffinity(0))
    processor = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{cores} cores ({processor}), load {load} at the end; Python {platform.python_version()},"
        f" psycopg {psycopg.__version__}, PostgreSQL {server_version // 10000}.{server_version % 10000}"
    )


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
