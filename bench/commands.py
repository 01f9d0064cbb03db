"""How soon a command that only looks has its answer: whole processes, against the import of what parses its options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.stage import NOTIFY, Stage, environment, run

_PROMISED = {("--help",): 1.3, ("preview", "welcome"): 2.0}


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """In pairs: the command, and a Python that imports typer."""
    with stage.past(10, current=1) as url:
        environ = environment(url)
        least = [sys.executable, "-c", "import typer"]
        for words, most in _PROMISED.items():
            ours: list[str | Path] = [NOTIFY, *words]
            run(least, environ), run(ours, environ)
            pairs = [(run(least, environ), run(ours, environ)) for _ in range(7 if quick else 31)]
            shorter, longer = (median(one.wall for one in some) * 1000 for some in zip(*pairs, strict=True))
            how = f"median of {len(pairs)} pairs, whole processes: {longer:.0f} ms : {shorter:.0f} ms"
            ratio = median(b.wall / a.wall for a, b in pairs)
            yield Figure(f"notify {' '.join(words)} : import typer", ratio, "x", most, True, how)
