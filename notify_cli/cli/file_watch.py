"""Showing something again whenever one of its files changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from notify_cli import display
from notify_cli.cli.sending import stop_on_signals
from notify_cli.errors import EXIT_OK, NotifyError

_EVERY = 0.3  # seconds between two looks at the files


def watch(show: Callable[[], object], files: Callable[[], Iterable[Path]]) -> int:
    """Show now and after each change, until Ctrl-C or SIGTERM. What is wrong meanwhile is said, and no end."""
    seen = None
    with stop_on_signals() as stop:
        while not stop.is_set():
            if (now := _state(files())) != seen:
                seen = now
                display.anew()
                try:
                    show()
                except NotifyError as error:
                    display.errors(error.lines)
                display.flush()
            stop.wait(_EVERY)
    return EXIT_OK


def _state(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """What tells a file from its former self; an editor may take it away for a moment."""
    found = {}
    for path in files:
        with suppress(OSError):
            stat = path.stat()
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found
