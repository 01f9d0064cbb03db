"""What an audit of the last week costs beside an idle sweep, over a long log of which a busy week is a part."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench.figure import Figure
from bench.stage import NOTIFY, Broken, Stage, environment, run, sweep
from notify_cli import db

_TARGET = 10.0
# Of the rows of the log some lie in the last week: a late email in every hundred, and one that failed.
_WEEK = """
    update reminders_log set
        due_at = now() - reminder_id % 10000 * interval '1 minute' - interval '1 hour',
        useful_until = now() - reminder_id % 10000 * interval '1 minute' + interval '5 hours',
        sent_at = now() - reminder_id % 10000 * interval '1 minute' - interval '59 minutes'
            + case when reminder_id % 100 = 0 then interval '1 hour' else '0' end,
        delivery_status = case when reminder_id % 1000 = 1 then 'failed'::delivery_status else delivery_status end
    where reminder_id <= {rows}
"""


def measure(stage: Stage, *, quick: bool) -> Iterator[Figure]:
    """Whole processes in turn: `audit --since 7d`, and a sweep with nothing due."""
    many, week = (100_000, 2_000) if quick else (1_000_000, 10_000)
    with stage.past(many, current=100) as url:
        with db.connect(url) as connection:
            connection.execute(_WEEK.format(rows=week).encode())
            connection.execute("vacuum analyze reminders_log")
        environ = environment(url)
        # `audit` ends with 1 where it has found something, as here
        audit = ["/bin/sh", "-c", f"{NOTIFY} audit --since 7d --json; test $? -eq 1"]
        sweep(environ)
        found = run(audit, environ).output.count('"finding"')
        if found < week // 1000:
            raise Broken(f"the audit found {found} of what is in the log")
        pairs = [(sweep(environ).wall, run(audit, environ).wall) for _ in range(7 if quick else 21)]
    idle, ours = (median(pair[side] for pair in pairs) * 1000 for side in (0, 1))
    how = f"{found} findings among {week:,} rows of a week, {many:,} in all: median of {len(pairs)} pairs: "
    how += f"{ours:.0f} ms : {idle:.0f} ms"
    yield Figure("audit --since 7d : idle sweep", median(b / a for a, b in pairs), "x", _TARGET, True, how)
