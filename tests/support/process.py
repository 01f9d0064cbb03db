"""`notify` as cron runs it: a process of its own, with nothing but its settings in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

PATIENCE = 120.0  # seconds: a process that hangs ends the test, one that waits for a busy machine does not

# Where tests have the settings of the host they run on, whatever stands in /etc/notify on it: nowhere.
NO_SETTINGS = "/nonexistent/notify.env"
# Python by which a process has none either, and one that then runs `notify`.
WITHOUT_SETTINGS = (
    f"from pathlib import Path; from notify_cli import config; config.USUAL_ENV_FILE = Path({NO_SETTINGS!r})"
)
PROGRAM = f"{WITHOUT_SETTINGS}; from notify_cli.cli import main; main()"


def start(environment: Mapping[str, str], *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Start `notify ARGUMENTS`; its working directory is one without any messages file.

    `before` is Python that its process runs first.
    """
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{PROGRAM}", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=tempfile.gettempdir(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(environment: Mapping[str, str], *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `notify ARGUMENTS` to its end, as `start` does."""
    return finish(start(environment, *arguments, before=before))


def finish(process: subprocess.Popen[str], timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Wait for a started process; one that does not end is killed, and fails the test."""
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
