"""An idle sweep: nothing is due, as nearly always. Against the least that any such program does."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.figure import Figure
from bench.stage import ROOT, Stage, environment, run, sweep

_DECLARED = """
declared_{n}:
  send: {{when: {n} hours after the meeting, until: {until} hours after the meeting}}
  discord: Hello {{name}}!
"""
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
        yield _with_declared(environ, quick=quick)
    least, ours = median(a.wall for a, _ in pairs), median(b.wall for _, b in pairs)
    how = f"median of {len(pairs)} pairs, whole processes: {ours * 1000:.0f} ms : {least * 1000:.0f} ms"
    yield Figure("idle sweep : bare SELECT 1", median(b.wall / a.wall for a, b in pairs), "x", 1.2, True, how)
    cpu = median(b.cpu / a.cpu for a, b in pairs)
    yield Figure("idle sweep : bare SELECT 1, CPU", cpu, "x", detail="of the processes, without the server's")
    how = ", ".join(statement.split()[0] for statement in statements)
    yield Figure("idle sweep, statements", len(statements), "", detail=how)


def _with_declared(environ: dict[str, str], *, quick: bool) -> Figure:
    """The same with twenty types that staff have declared in the messages file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "messages.yaml"
        shipped = (ROOT / "messages.yaml").read_text(encoding="utf-8")
        file.write_text(shipped + "".join(_DECLARED.format(n=n, until=n + 24) for n in range(1, 21)), encoding="utf-8")
        declared = environ | {"NOTIFY_MESSAGES": str(file)}
        sweep(declared), sweep(environ)
        pairs = [(sweep(environ), sweep(declared)) for _ in range(7 if quick else 31)]
    shorter, longer = (median(one.wall for one in some) * 1000 for some in zip(*pairs, strict=True))
    how = f"median of {len(pairs)} pairs, whole processes: {longer:.0f} ms : {shorter:.0f} ms"
    ratio = median(b.wall / a.wall for a, b in pairs)
    return Figure("idle sweep with 20 declared types : with the shipped ones", ratio, "x", 1.3, True, how)
