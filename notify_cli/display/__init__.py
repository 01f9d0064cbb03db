"""What people see: tables on a terminal, plain lines in a pipe, JSON for programs. Rich loads only when it shows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notify_cli.characters import escaped, escaped_json
from notify_cli.display import shapes, words
from notify_cli.display.tables import Column, Row, printable, table
from notify_cli.errors import NotifyError

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.delivery import Delivery
    from notify_cli.sending.run import Progress
    from notify_cli.sending.summary import Summary


def line(text: str) -> None:
    """One line on stdout; what would command a terminal is escaped, line feeds stay."""
    print(escaped(text))  # noqa: T201


def flush() -> None:
    """What was printed is to be seen now."""
    sys.stdout.flush()
    sys.stderr.flush()


def anew() -> None:
    """Begin at the top of an empty screen, on a terminal."""
    if sys.stdout.isatty():
        from rich.console import Console

        Console().clear()


def prose(text: str) -> None:
    """Words for people beside rows of a table: on stdout on a terminal, else on stderr, for a pipe takes rows only."""
    print(printable(text), file=sys.stdout if sys.stdout.isatty() else sys.stderr)


def errors(lines: Sequence[str]) -> None:
    """Faults on stderr, a line each."""
    for text in lines:
        print(f"notify: {escaped(' '.join(text.split()))}", file=sys.stderr)  # noqa: T201


def as_json(value: object) -> None:
    """JSON on stdout; times in ISO 8601, UTC. Escaped: what would command a terminal, and what stdout cannot encode."""
    is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(value, default=_plain, ensure_ascii=is_ascii, indent=2 if sys.stdout.isatty() else None)
    line(escaped_json(text))


def document(content: bytes) -> None:
    """A text in UTF-8 on stdout, to the byte, for other programs; on a terminal what would command it is escaped."""
    if sys.stdout.isatty():
        sys.stdout.write(escaped(content.decode("utf-8", "replace").replace("\r\n", "\n")))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)


def deliveries(found: Sequence[Delivery], *, json_wanted: bool) -> None:
    """Who would get what, when and by which channel."""
    rows = [shapes.delivery(delivery) for delivery in found]
    if json_wanted:
        as_json(rows)
        return
    columns: dict[str, str | Column] = {
        "reminder_type": "message",
        "recipient": "to",
        "method": Column("by", words=words.method),
        "due_at": "due",
        "useful_until": Column("useful until", from_width=90),
        "job_id": Column("job", from_width=120, wraps=True),
    }
    table(columns, rows, empty="Nothing is due.")


def summary(done: Summary, *, json_wanted: bool) -> None:
    """What a run did: JSON when asked for, a line on a terminal, silence from cron unless something failed."""
    if json_wanted:
        as_json(shapes.summary(done))
        return
    text = _in_words(done)
    if sys.stdout.isatty():
        line(text)
    elif done.failed:
        errors([f"{text}: notify log --status failed"])


def rehearsal(settings: Settings, *, json_wanted: bool) -> None:
    """On a terminal: where all of it goes, and what is stopped, if it does not reach those it is for."""
    if json_wanted or not sys.stdout.isatty():
        return
    from notify_cli.config import rehearsal as rehearsals

    for told in rehearsals.lines(settings):
        line(f"Note: {told}")


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


def demo(sent: Sequence[Row], done: Summary) -> None:
    """What the demo sent."""
    columns: dict[str, str | Column] = {
        "reminder_type": "message",
        "name": Column("to", wraps=True),
        "method": Column("by", words=words.method),
        "message": Column("says", words=lambda text: str(text).split("\n", 1)[0], clips=True),
        "provider_message_id": Column("file", from_width=160, clips=True),
    }
    table(columns, sent, empty="Nothing was due.")
    line("")
    line(f"{_in_words(done)}.")


def next_steps(page: Path, index: Path) -> None:
    """Where to look after the demo, and three commands to try."""
    line(f"\nOpen in a browser:\n  {page}\n  {index.resolve()}\n\nTry next:")
    for command in ("explain --user 1", "upcoming", "preview group_assigned --user 1"):
        line(f"  {_program()} --demo {command}")


def _program() -> str:
    """How this program was called, so that a line can be pasted: its name alone where the shell finds it."""
    from shutil import which

    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{sys.executable} -m {called.parent.name}"
    return "notify" if called.name != "notify" or which("notify") == str(called.absolute()) else str(called)


def traceback(error: BaseException, secrets: Sequence[str]) -> None:
    """A traceback on stderr: where it happened, in our own words only, since others quote what they worked on."""
    from traceback import format_tb

    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    for link in reversed(chain):
        words = f": {link}" if isinstance(link, NotifyError) else ""
        text = "".join(format_tb(link.__traceback__)) + f"{type(link).__module__}.{type(link).__qualname__}{words}"
        for secret in secrets:
            text = text.replace(secret, "***")
        print(escaped(text), file=sys.stderr)  # noqa: T201


def _in_words(done: Summary) -> str:
    counts = {
        "delivered": done.delivered,
        "failed": done.failed,
        "to be retried": done.retrying,
        "no longer due": done.cancelled,
        "left for the next run": done.left - done.stopped,
        "stopped": done.stopped,
    }
    told = [f"{count} {what}" for what, count in counts.items() if count or what == "delivered"]
    return f"{done.due} due: {', '.join(told)} ({done.seconds:.1f} s)"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        from datetime import UTC

        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)
