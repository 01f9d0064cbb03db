"""How a check of the installation looks: a line each, what to do below it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from notify_cli import display
from notify_cli.display import shapes
from notify_cli.display.tables import Column, table

if TYPE_CHECKING:
    from notify_cli.check import Check

_STYLES = {"ok": "green", "note": "yellow", "FAULT": "bold red"}


def show(found: Sequence[Check], *, json_wanted: bool) -> None:
    """JSON when asked for; else a line each, faults and remarks with their mend, and on a terminal the sum of it.

    Where stdout is no terminal faults are on stderr too: `doctor >/dev/null` is how cron mails them and nothing else.
    """
    if not sys.stdout.isatty():
        display.errors([f"{check.check}: {check.detail} -> {check.fix}" for check in found if not check.ok])
    if json_wanted:
        display.as_json([shapes.check(check) for check in found])
        return
    columns: dict[str, str | Column] = {
        "state": Column("", style=lambda state: _STYLES[state]),
        "check": "",
        "detail": Column("", wraps=True),
        "fix": Column("", words=lambda fix: f"-> {fix}", style=lambda _: "bright_black", below=True),
    }
    table(columns, [shapes.check(check) | {"state": _state(check)} for check in found], empty="")
    if sys.stdout.isatty():
        faults = sum(not check.ok for check in found)
        sums = {0: "Nothing is wrong.", 1: "1 fault: mend it as said above."}
        display.line("\n" + sums.get(faults, f"{faults} faults: mend them as said above."))


def _state(check: Check) -> str:
    if not check.ok:
        return "FAULT"
    return "note" if check.fix else "ok"
