"""How an audit looks: a line for each finding, and nothing at all for cron where there is none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from notify_cli import display
from notify_cli.display import shapes, words
from notify_cli.display.tables import Column, table

if TYPE_CHECKING:
    from notify_cli.audit import Audit
    from notify_cli.audit.mend import Mending
    from notify_cli.sending.summary import Summary

_KINDS = {
    "never_tried": "never tried",
    "late": "late",
    "failed": "failed",
    "should_not_have": "should not have gone out",
}


def show(found: Audit, *, since: str, json_wanted: bool) -> None:
    """JSON when asked for; else the findings, and on a terminal or beside them what nobody can know."""
    rows = [shapes.finding(one) for one in found.findings]
    if json_wanted:
        display.as_json(rows)
        return
    columns: dict[str, str | Column] = {
        "finding": Column("", words=_KINDS.__getitem__),
        "reminder_type": "message",
        "recipient": "to",
        "method": Column("by", words=words.method),
        "due_at": "due",
        "reason": Column("why", wraps=True),
        "job_id": Column("job", from_width=140, wraps=True),
    }
    if rows or sys.stdout.isatty():
        table(columns, rows, empty=f"Within {since} everybody was told in time, as far as can be known.")
    if not sys.stdout.isatty():
        return
    if found.unjudged:
        display.line(
            f"\n{found.unjudged} went out later than due, and it is not known that they could have before: somebody "
            "may have had no address or have switched them off."
        )
    if any(one.expired for one in found.findings):
        display.line("\nnotify audit --mend sends what still helps; with --dry-run it shows what that is.")


def mended(done: Summary, planned: Mending, *, json_wanted: bool) -> None:
    """What was sent late."""
    if json_wanted:
        display.as_json(shapes.summary(done))
    elif sys.stdout.isatty() or planned.going:
        absorbed = f", {len(planned.absorbed)} are in another message" if planned.absorbed else ""
        display.line(f"{len(planned.going)} still help: {done.delivered} sent late, {done.failed} failed{absorbed}.")
