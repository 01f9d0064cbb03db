"""How one delivery looks: what is known of it, its attempts, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notify_cli import display, keys, times
from notify_cli.display import shapes
from notify_cli.display.tables import Row, printable

if TYPE_CHECKING:
    from notify_cli.log.history import Attempt

_FACTS = {
    "reminder_type": "message",
    "job_id": "job",
    "due_at": "due",
    "useful_until": "useful until",
    "status": "status",
    "error": "error",
    "provider_message_id": "provider's id",
}


def show(row: Row, attempts: Sequence[Attempt], *, json_wanted: bool) -> None:
    """JSON when asked for; else a line for each fact and attempt, and the text below them."""
    if json_wanted:
        display.as_json(shapes.whole(row, attempts))
        return
    to = keys.recipient(row["user_id"], row["group_id"])
    display.line(f"{'to':14} {to}" + (f" ({printable(row['name'])})" if row["name"] else "") + _by(row))
    for key, words in _FACTS.items():
        if row[key] is not None:
            display.line(f"{words:14} {_in_words(row[key])}")
    for attempt in attempts:
        when = _in_words(attempt.at) if attempt.at else "at a time that is not known"
        display.line(
            f"{'attempt':14} {when}: {attempt.outcome}" + (f", {_in_words(attempt.error)}" if attempt.error else "")
        )
    if row["message"]:
        display.line("")
        display.line("\n".join(printable(line) for line in str(row["message"]).splitlines()))


def _by(row: Row) -> str:
    return f", by {row['method']}" if row["method"] else ""


def _in_words(value: Any) -> str:
    if isinstance(value, datetime):
        return times.local(value, datetime.now(UTC))
    return " ".join(printable(str(value)).split())
