"""How messages look that go out, or went out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notify_cli import display, keys, times
from notify_cli.display import shapes, words
from notify_cli.display.tables import Column, Row, table

if TYPE_CHECKING:
    from notify_cli.delivery import Delivery


def upcoming(found: Sequence[Delivery], names: Mapping[str, str], *, empty: str, json_wanted: bool) -> None:
    """What goes out when, to whom and by which channel."""
    rows = [shapes.delivery(delivery) for delivery in found]
    if json_wanted:
        display.as_json(rows)
        return
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
        row | {"name": called(names, delivery.recipient), "moved_from": delivery.moved_from}
        for row, delivery in zip(rows, found, strict=True)
    ]
    table(columns, named, empty=empty)


def log(entries: Sequence[Row], *, empty: str, json_wanted: bool) -> None:
    """What was sent, or failed and why."""
    rows = [shapes.log_entry(entry) for entry in entries]
    if json_wanted:
        display.as_json(rows)
        return
    columns: dict[str, str | Column] = {
        "at": "sent, or due",
        "status": Column("status", style=words.style),
        "reminder_type": Column("message", wraps=True),
        "name": Column("to", wraps=True),
        "method": Column("by", words=words.method),
        "attempts": Column("tries", from_width=100),
        "job_id": Column("job", from_width=120, wraps=True),
        "error": Column("", style=lambda _: "red", below=True),
    }
    named = [
        row | {"name": _recipient(entry), "at": _time(entry), "rehearsal": keys.is_rehearsal(entry["notification_key"])}
        for row, entry in zip(rows, entries, strict=True)
    ]
    if not sys.stdout.isatty() or any(row["rehearsal"] for row in named):
        columns["rehearsal"] = Column("", words=lambda is_one: "rehearsal" if is_one else "", style=lambda _: "yellow")
    table(columns, named, empty=empty)


def called(names: Mapping[str, str], recipient: str) -> str:
    """`Alice (user_1)`, as far as the name is known."""
    return f"{names[recipient]} ({recipient})" if recipient in names else recipient


def _recipient(entry: Row) -> str:
    if entry["user_id"] is None and entry["group_id"] is None:
        return "everybody" if entry["status"] == "cancelled" else ""
    recipient = f"group_{entry['group_id']}" if entry["user_id"] is None else f"user_{entry['user_id']}"
    return f"{entry['name']} ({recipient})" if entry["name"] else recipient


def _time(entry: Row) -> Any:
    return entry["sent_at"] or entry["due_at"]
