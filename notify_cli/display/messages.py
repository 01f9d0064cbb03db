"""How messages look that went out, or failed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from notify_cli import display, keys
from notify_cli.display import shapes, words
from notify_cli.display.tables import Column, Row, table

if TYPE_CHECKING:
    from notify_cli.log.history import Events


def log(found: Events, *, empty: str, json_wanted: bool) -> None:
    """What became of messages, and when: the oldest first, and how many older ones are not shown."""
    rows = [shapes.log_entry(entry) for entry in found]
    if json_wanted:
        display.as_json(rows)
        return
    columns: dict[str, str | Column] = {
        "changed_at": "when",
        "status": Column("status", words=words.verdict, style=words.style),
        "reminder_type": Column("message", wraps=True),
        "name": Column("to", wraps=True),
        "method": Column("by", words=words.method),
        "attempts": Column("tries", from_width=100),
        "due_at": Column("due", from_width=140),
        "job_id": Column("job", from_width=120, wraps=True),
        "error": Column("", style=lambda _: "red", below=True),
    }
    named = [
        row | {"name": _recipient(entry), "rehearsal": keys.is_rehearsal(entry["notification_key"])}
        for row, entry in zip(rows, found, strict=True)
    ]
    if not sys.stdout.isatty() or any(row["rehearsal"] for row in named):
        columns["rehearsal"] = Column("", words=lambda is_one: "rehearsal" if is_one else "", style=lambda _: "yellow")
    table(columns, named, empty=empty)
    if found.older:
        display.prose(f"{found.older} older not shown: -n {found.older + len(found)} shows all")


def called(names: Mapping[str, str], recipient: str) -> str:
    """`Alice (user_1)`, as far as the name is known."""
    return f"{names[recipient]} ({recipient})" if recipient in names else recipient


def _recipient(entry: Row) -> str:
    if entry["user_id"] is None and entry["group_id"] is None:
        return "everybody" if entry["status"] == "cancelled" else ""
    recipient = keys.recipient(entry["user_id"], entry["group_id"])
    return f"{entry['name']} ({recipient})" if entry["name"] else recipient
