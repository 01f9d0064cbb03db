"""A line of JSON for each run: on stdout for systemd and containers, or at the end of a file for cron."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from notify_cli.characters import escaped_json
from notify_cli.display import shapes
from notify_cli.errors import ConfigError

if TYPE_CHECKING:
    from notify_cli.sending.summary import Summary


def write(where: str | Path, done: Summary, *, json_wanted: bool) -> None:
    """Say what a sweep did; on stderr where stdout is for the JSON that somebody asked for, one value alone.

    Raises ConfigError where the file cannot be written.
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = {
        "at": at,
        "command": "sweep-due",
        **shapes.summary(done),
        "exit_code": done.exit_code,
        "faults": done.faults,
    }
    text = json.dumps(told, ensure_ascii=False)
    if not isinstance(where, Path):
        print(escaped_json(text), file=sys.stderr if json_wanted else sys.stdout)
        return
    try:
        with where.open("a", encoding="utf-8") as file:
            # one write: lines of runs at the same time do not mix
            file.write(f"{text}\n")
    except OSError as error:
        raise ConfigError(f"NOTIFY_LOG: {where} cannot be written: {error.strerror}") from error
