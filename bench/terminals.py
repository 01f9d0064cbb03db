"""What the demo shows on a terminal, as pictures that need nothing beside them."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.support.paths import ROOT
from tests.support.process import run
from tests.support.terminal import on_terminal

COLUMNS = 100
# The pictures of the README by their names, each of a command of the demo.
DRAWN = {"preview": "--demo preview group_assigned --user 7", "explain": "--demo explain --user 1 --meeting 3"}
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def demo(folder: Path) -> Path:
    """Run the demo in a folder; returns the page that it wrote."""
    done = run({"PWD": str(folder)}, "demo", before=f"import os; os.chdir({str(folder)!r})")
    if done.returncode:
        raise RuntimeError(done.stderr)
    return folder / ".notify-demo" / "outbox" / "page" / "index.html"


def draw(folder: Path, target: Path) -> None:
    """Draw what each command shows in a folder where the demo ran."""
    for name, command in DRAWN.items():
        shown = on_terminal(command, {}, columns=COLUMNS, folder=folder, colours=True)
        # where this checkout lies is nobody's business
        shown = shown.replace(str(ROOT), "/opt/notify")
        (target / f"{name}.svg").write_text(picture(shown, f"notify {command}", name), encoding="utf-8")


def picture(shown: str, title: str, name: str) -> str:
    """A terminal with this on it, by Rich's export; fonts are those of the reader, none is fetched."""
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(shown.rstrip()), "")
    drawn = console.export_svg(title=title, unique_id=f"notify-{name}")
    return _FONTS.sub("", drawn).replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
