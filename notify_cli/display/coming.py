"""How messages look that will go out: by day, a line for each message and what it is about; or all of them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from notify_cli import display, times
from notify_cli.display import shapes, words
from notify_cli.display.messages import called
from notify_cli.display.tables import Column, grouped, tab_separated, table
from notify_cli.registry import Method

if TYPE_CHECKING:
    from notify_cli.delivery import Delivery

Names = Mapping[str, str]

_A_FEW = 2  # readers that are named in one line


def everybody(found: Sequence[Delivery], names: Names, *, empty: str) -> None:
    """Each delivery with its recipient, in the order of time, posts before people, people by number."""
    now = datetime.now(UTC)
    columns: dict[str, str | Column] = {
        "due_at": Column("due", style=lambda at: "yellow" if at <= now else ""),
        "reminder_type": "message",
        "name": Column("to", wraps=True),
        "method": Column("by", words=words.method),
        "useful_until": Column("useful until", from_width=100),
        "job_id": Column("job", from_width=140, wraps=True),
    }
    if any(delivery.moved_from for delivery in found):
        columns["moved_from"] = Column(
            "moved from", words=lambda at: f"{times.local(at, now)}: quiet hours", wraps=True
        )
    named = [
        shapes.delivery(one) | {"name": called(names, one.recipient), "moved_from": one.moved_from} for one in found
    ]
    table(columns, named, empty=empty)
    _total(found)


def by_day(found: Sequence[Delivery], names: Names, *, empty: str) -> None:
    """A line for each message of each job, with how many go out by which channel, under the days on which they do."""
    if not found:
        table({"due_at": "due"}, [], empty=empty)
        return
    now = datetime.now(UTC)
    columns: dict[str, str | Column] = {
        "time": "",
        "message": Column("", wraps=True),
        "about": Column("", wraps=True),
        "goes_out": Column("", wraps=True),
        "job_id": Column("", from_width=120, wraps=True),
    }
    lines = [_line(group, names) for group in _alike(found)]
    if sys.stdout.isatty():
        days = [(day, list(group)) for day, group in groupby(lines, key=lambda line: _day(line["due_at"], now))]
        grouped(columns, days)
        display.line("")
    else:
        tab_separated(["due_at", "message", "about", "goes_out", "job_id"], lines)
    _total(found)


def _alike(found: Sequence[Delivery]) -> Iterable[list[Delivery]]:
    """The deliveries that are one message, about one meeting, group or stored job, at one time."""
    together: dict[tuple[Any, ...], list[Delivery]] = {}
    for one in found:
        about = one.job_id if one.group_id is not None or one.job_id.startswith("send_") else ""
        together.setdefault((one.due_at.replace(second=0, microsecond=0), one.reminder_type, about), []).append(one)
    return together.values()


def _line(group: Sequence[Delivery], names: Names) -> dict[str, Any]:
    methods = Counter(delivery.method for delivery in group)
    jobs = sorted({delivery.job_id for delivery in group})
    return {
        "due_at": group[0].due_at,
        "time": times.clock(group[0].due_at),
        "message": group[0].reminder_type,
        "about": _about(group, names),
        "goes_out": ", ".join(_many(methods[method], method) for method in Method if method in methods),
        "job_id": jobs[0] if len(jobs) == 1 else f"{len(jobs)} jobs",
    }


def _about(group: Sequence[Delivery], names: Names) -> str:
    """`Otters (group_1)` of what is about a group, else the readers, or how many they are."""
    [group_id, *others] = {delivery.group_id for delivery in group}
    if group_id is not None and not others:
        return called(names, f"group_{group_id}")
    readers = list(dict.fromkeys(delivery.recipient for delivery in group))
    return ", ".join(called(names, one) for one in readers) if len(readers) <= _A_FEW else f"{len(readers)} people"


def _day(at: datetime, now: datetime) -> str:
    zone = times.zone_here(at)
    days = (at.astimezone().date() - now.astimezone().date()).days
    near = {0: "Today, ", 1: "Tomorrow, "}.get(days, "Overdue since " if days < 0 else "")
    return f"{near}{times.day(at, now)} ({zone})"


def _many(count: int, method: Method) -> str:
    """`5 emails`, `1 DM`, `post`."""
    if method.way.post:
        return "post" if count == 1 else f"{count} posts"
    return f"{count} {method.way.short}{'' if count == 1 else 's'}"


def _total(found: Sequence[Delivery]) -> None:
    if not found:
        return
    methods = Counter(delivery.method for delivery in found)
    told = ", ".join(_many(methods[method], method) for method in Method if method in methods)
    people = len({delivery.user_id for delivery in found} - {None})
    count = f"{len(found)} message{'' if len(found) == 1 else 's'}"
    display.prose(f"{count} to {people} {'person' if people == 1 else 'people'}: {told}")
