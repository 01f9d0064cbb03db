"""An idle sweep: nothing is due, as nearly always. Against the least that any such program does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from statistics import median

from bench.figure import Figure
from bench.stage import Stage, environment, run, sweep

_BARE = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("SELECT 1")
"""


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Whole processes, in pairs: a sweep, and a bare Python that connects and runs SELECT 1."""
    with stage.past(1000, current=100) as url:
        environ, bare = environment(url), [sys.executable, "-c", _BARE]
        run(bare, environ), sweep(environ)
        pairs = [(run(bare, environ), sweep(environ)) for _ in range(7 if quick else 31)]
        with stage.overheard(url) as statements:
            sweep(environ)
    least, ours = median(a.wall for a, _ in pairs), median(b.wall for _, b in pairs)
    how = f"median of {len(pairs)} pairs, whole processes: {ours * 1000:.0f} ms : {least * 1000:.0f} ms"
    yield Figure("idle sweep : bare SELECT 1", median(b.wall / a.wall for a, b in pairs), "x", 1.2, True, how)
    cpu = median(b.cpu / a.cpu for a, b in pairs)
    yield Figure("idle sweep : bare SELECT 1, CPU", cpu, "x", detail="of the processes, without the server's")
    how = ", ".join(statement.split()[0] for statement in statements)
    yield Figure("idle sweep, statements", len(statements), "", detail=how)
