"""How a forecast looks: counts, deliveries more and fewer, texts before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notify_cli import display
from notify_cli.display import shapes
from notify_cli.display.tables import printable

if TYPE_CHECKING:
    from notify_cli.audit.forecast import Forecast

_SHOWN = 20  # deliveries of each kind; --json has them all


def show(found: Forecast, *, within: str, json_wanted: bool) -> None:
    """JSON when asked for, else what differs, a line each; one line where nothing does."""
    if json_wanted:
        display.as_json(shapes.forecast(found))
        return
    if not found:
        display.line(f"No difference within {within}.")
        return
    display.line(
        f"Within {within}: {len(found.added)} more, {len(found.removed)} fewer, for {found.people} people and channels;"
        f" {len(found.changed)} texts read differently."
    )
    for sign, deliveries in (("+", found.added), ("-", found.removed)):
        for one in deliveries[:_SHOWN]:
            display.line(
                f"{sign} {one.due_at.astimezone():%Y-%m-%d %H:%M %Z} {one.reminder_type} {one.method} {one.recipient}"
            )
        if len(deliveries) > _SHOWN:
            display.line(f"{sign} and {len(deliveries) - _SHOWN} more: --json lists them")
    for change in found.changed:
        who = f", for {change.people} people and channels" if change.people else ""
        display.line(f"\n{change.reminder_type}: {change.part}{who}")
        for sign, text in (("-", change.before), ("+", change.after)):
            for line in (text or "").splitlines():
                display.line(f"  {sign} {printable(line)}")
