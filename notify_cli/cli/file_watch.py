"""Showing something again whenever one of its files changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from notify_cli import display
from notify_cli.errors import EXIT_OK, NotifyError

_EVERY = 0.3  # seconds between two looks at the files


def watch(show: Callable[[], object], files: Callable[[], Iterable[Path]]) -> int:
    """Show now and after each change, until Ctrl-C. What is wrong meanwhile is said, and mended by the next change."""
    with suppress(KeyboardInterrupt):
        seen = None
        while True:
            if (now := _state(files())) != seen:
                seen = now
                display.anew()
                try:
                    show()
                except NotifyError as error:
                    display.errors(error.lines)
                display.flush()
            time.sleep(_EVERY)
    return EXIT_OK


def _state(files: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """What tells a file from its former self; an editor may take it away for a moment."""
    found = {}
    for path in files:
        with suppress(OSError):
            stat = path.stat()
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found
