"""`python -m bench [--quick] [--markdown] [FIGURE ...]`: measure and print a table.

Exits with 1 only if something did not work at all, not for a figure that was missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator

from bench import audit, bulk, chat, commands, flat, idle, mail, present, smtp, trips
from bench.figure import Figure, conditions, markdown, table
from bench.stage import Broken, stage

FIGURES: dict[str, Callable[..., Iterator[Figure]]] = {
    "idle": idle.measure,
    "commands": commands.measure,
    "flat": flat.measure,
    "present": present.measure,
    "email": mail.measure,
    "smtp": smtp.measure,
    "discord": chat.measure,
    "bulk": bulk.measure,
    "trips": trips.measure,
    "audit": audit.measure,
}


def main() -> int:
    """Measure what is asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[[], *FIGURES], metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: for a look, not for the record")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/performance.md has it")
    chosen = parser.parse_args()
    figures: list[tuple[str, Figure]] = []
    broken = False
    with stage() as ready:
        for name in chosen.figures or FIGURES:
            started = time.monotonic()
            try:
                figures += [(name, figure) for figure in FIGURES[name](ready, quick=chosen.quick)]
            except Broken as fault:
                broken = True
                print(f"{name}: {fault}", file=sys.stderr)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        measured_on = conditions(ready.server.version)
    print((markdown if chosen.markdown else table)(figures))
    print(f"\n{measured_on}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
