"""How `status` looks: a few lines for people, JSON and Prometheus's text for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notify_cli import display, times
from notify_cli.display import shapes

if TYPE_CHECKING:
    from notify_cli.audit.status import Status


def show(status: Status, *, json_wanted: bool) -> None:
    """JSON when asked for, else a line for each figure."""
    if json_wanted:
        display.as_json(shapes.status(status))
        return
    if status.last is None:
        display.line("last sweep     nobody has swept so far")
    for host, at in sorted(status.hosts.items(), key=lambda one: one[1], reverse=True):
        display.line(f"last sweep     {times.local(at, status.now)} on {host}")
    for method, late in status.overdue.items():
        since = f", since {times.local(late.oldest_due_at, status.now)}" if late.oldest_due_at else ""
        display.line(f"overdue        {late.count} by {method.way.label}{since}")
    sums = [sum(counts.values()) for counts in (status.delivered, status.failed, status.expired)]
    display.line(f"last 24 h      {sums[0]} delivered, {sums[1]} failed, {sums[2]} expired")
    latency = status.latency
    if latency.max is not None:
        display.line(
            f"due to sent    half within {latency.p50:g} s, 95 % within {latency.p95:g} s, all within {latency.max:g} s"
        )
    until = f", until {times.local(status.dms_done_at, status.now)}" if status.dms_done_at else ""
    display.line(f"DMs waiting    {status.waiting_dms}{until}")
    display.line(f"suppressed     {status.suppressed} people")
