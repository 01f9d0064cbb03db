"""A measured figure, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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


def table(figures: Sequence[Figure]) -> str:
    """All figures, a line each."""
    rows = [("figure", "measured", "promised", "", "how"), *(figure.row for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
