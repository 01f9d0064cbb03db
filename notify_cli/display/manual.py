"""What people see of a message sent by hand, and of jobs cancelled by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from notify_cli import times
from notify_cli.display import as_json, errors, line, shapes, words
from notify_cli.display.messages import called
from notify_cli.display.tables import Column, table

if TYPE_CHECKING:
    from notify_cli.delivery import Delivery, Job
    from notify_cli.manual import Result


def results(
    found: Sequence[Result], names: Mapping[str, str], *, at: datetime | None = None, json_wanted: bool
) -> None:
    """What became, or would become, of each delivery. `names` are by recipient, `at` is the time it was stored for."""
    if json_wanted:
        as_json([shapes.result(result) for result in found])
        return
    columns: dict[str, str | Column] = {
        "name": Column("to", wraps=True),
        "method": Column("by", words=words.method),
        "status": Column("status", words=words.verdict, style=words.style),
        "error": Column("", wraps=True),
        "notification_key": Column("key", from_width=120, clips=True),
    }
    table(
        columns,
        [shapes.result(result) | {"name": called(names, result.delivery.recipient)} for result in found],
        empty="",
    )
    told = Counter(words.verdict(result.status) for result in found)
    ends = {"scheduled": f" for {times.in_full(at)}"} if at else {}
    line(", ".join(f"{count} {status}{ends.get(status, '')}" for status, count in told.most_common()))
    if told["duplicate"]:
        errors(
            ["to send a duplicate again, add --force; a new message under the same type takes a --job-id of its own"]
        )


def jobs(found: Sequence[Job], pattern: str, *, undo: bool, dry_run: bool, json_wanted: bool) -> None:
    """The jobs that a pattern cancelled or restored."""
    rows = [shapes.job(job) for job in found]
    if json_wanted:
        as_json(rows)
    elif rows:
        table({"job_id": Column("job", wraps=True), "occurrence": "occurrence"}, rows, empty="")
        done = "restored" if undo else "cancelled"
        back = f": notify cancel --undo {pattern!r} restores" if not undo and not dry_run else ""
        line(f"{_count(found)} {'would be ' if dry_run else ''}{done}{back}")


def no_jobs(pattern: str, near: str, already: Sequence[Job], *, undo: bool) -> None:
    """That a pattern matched nothing; `near` is a job id that may have been meant, `already` what is cancelled."""
    if already:
        line(f"{_count(already)} cancelled already: notify cancel --undo {pattern!r} restores")
        return
    hint = f"did you mean {near}?" if near else "notify upcoming lists what is to come"
    line(f"No job that is {'cancelled' if undo else 'still to be sent'} matches {pattern!r}: {hint}")


def counted(found: Sequence[Delivery], *, dry_run: bool, json_wanted: bool) -> None:
    """The deliveries that a baseline counted, or would count, as done."""
    by_type = Counter(delivery.reminder_type for delivery in found)
    if json_wanted:
        as_json({"messages": len(found), "by_type": dict(sorted(by_type.items()))})
        return
    if not found:
        line("Nothing is due that could be counted as done")
        return
    done = "would count" if dry_run else "counted"
    types = ", ".join(f"{count} {name}" for name, count in by_type.most_common()[::-1])
    back = "" if dry_run else ": notify baseline --undo takes it back"
    line(f"{len(found)} message{'s' * (len(found) > 1)} {done} as done, none of them sent ({types}){back}")


def undone(count: int, *, json_wanted: bool) -> None:
    """How many messages the last baseline gave back."""
    if json_wanted:
        as_json({"messages": count})
    elif count:
        line(f"{count} message{'s are' if count > 1 else ' is'} due again, as far as still useful")
    else:
        line("There is no baseline to take back")


def _count(found: Sequence[Job]) -> str:
    return f"{len(found)} job{'s' if len(found) > 1 else ''}"
