"""What people see: tables on a terminal, plain lines in a pipe, JSON for programs. Rich loads only when it shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.model import Delivery
    from notify_cli.sweep import Progress, Summary

Row = Mapping[str, Any]


def line(text: str) -> None:
    """One line on stdout."""
    print(text)  # noqa: T201


def errors(lines: Sequence[str]) -> None:
    """Faults on stderr, a line each."""
    for text in lines:
        print(f"notify: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201


def as_json(value: object) -> None:
    """JSON on stdout; times in ISO 8601, UTC."""
    line(json.dumps(value, default=_plain, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def table(columns: Mapping[str, str], rows: Sequence[Row], *, empty: str) -> None:
    """Rows under headings: a table on a terminal, tab-separated lines (with headings) elsewhere.

    `columns` maps keys of a row to headings; `empty` is said where there are no rows, on a terminal only.
    """
    if not sys.stdout.isatty():
        line("\t".join(columns))
        for row in rows:
            line("\t".join(" ".join(_text(row[key]).split()) for key in columns))
        return
    if not rows:
        line(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in columns.values():
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_text(row[key])) for key in columns))
    Console(highlight=False).print(shown)


def deliveries(found: Sequence[Delivery], *, json_wanted: bool) -> None:
    """Who would get what, when and by which channel."""
    rows = [delivery_row(delivery) for delivery in found]
    if json_wanted:
        as_json(rows)
        return
    columns = {
        "reminder_type": "message",
        "recipient": "to",
        "method": "by",
        "due_at": "due",
        "useful_until": "useful until",
        "job_id": "job",
    }
    table(columns, rows, empty="Nothing is due.")


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """The stable shape of a delivery to come."""
    return {
        "job_id": delivery.job_id,
        "reminder_type": delivery.reminder_type,
        "method": delivery.method.value,
        "recipient": delivery.recipient,
        "user_id": delivery.user_id,
        "group_id": delivery.group_id if delivery.user_id is None else None,
        "due_at": delivery.due_at,
        "useful_until": delivery.useful_until,
    }


def summary(done: Summary, *, json_wanted: bool) -> None:
    """What a run did: JSON when asked for, a line on a terminal, silence from cron unless something failed."""
    if json_wanted:
        as_json(done.as_json())
        return
    text = _in_words(done)
    if sys.stdout.isatty():
        line(text)
    elif done.failed:
        errors([f"{text}: notify log --status failed"])


@contextmanager
def progress() -> Iterator[Progress | None]:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar)


class _Bar:
    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None

    def start(self, total: int) -> None:
        """So many are due."""
        self._task = self._bar.add_task("sending", total=total)

    def advance(self, count: int) -> None:
        """So many more are done."""
        self._bar.advance(self._task, count)


def demo(sent: Sequence[Row], done: Summary, settings: Settings) -> None:
    """What the demo sent, and where to look at it."""
    columns = {"reminder_type": "message", "name": "to", "method": "by", "provider_message_id": "file"}
    table(columns, sent, empty="Nothing was due.")
    line("")
    line(f"{_in_words(done)}.")
    line(f"The files are in {settings.outbox}: open an .eml with a mail client.")


def traceback(error: BaseException, secrets: Sequence[str]) -> None:
    """A traceback on stderr, without secrets."""
    from traceback import format_exception

    text = "".join(format_exception(error))
    for secret in secrets:
        text = text.replace(secret, "***")
    print(text, file=sys.stderr, end="")  # noqa: T201


def _in_words(done: Summary) -> str:
    counts = {
        "delivered": done.delivered,
        "failed": done.failed,
        "to be retried": done.retrying,
        "no longer due": done.cancelled,
        "left for the next run": done.left,
    }
    told = [f"{count} {what}" for what, count in counts.items() if count or what == "delivered"]
    return f"{done.due} due: {', '.join(told)} ({done.seconds:.1f} s)"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M %Z}"
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        from datetime import UTC

        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)
