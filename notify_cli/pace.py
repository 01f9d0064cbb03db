"""The shared pace: one row of notify.throttle per rate, from which every send on every host reserves its slot."""

from __future__ import annotations

from notify_cli import db

# A slot is kept to within some milliseconds, the time a thread and a request take to get going: with this much room
# between the slots the pace is not exceeded all the same.
HEADROOM = 1.02


def reserve(connection: db.Connection, name: str, *, interval: float, within: float) -> float | None:
    """Reserve the next slot, `interval` seconds after the one before it, and return the seconds to wait until it.

    None, and nothing reserved, when the next slot is more than `within` seconds away. One statement: the row lock
    puts concurrent runs in line, and the clock is the database's, so hosts need not agree on the time.
    """
    sql = """
        insert into notify.throttle as t (name, next_at)
        values (%(name)s, clock_timestamp() + make_interval(secs => %(interval)s))
        on conflict (name) do update
        set next_at = greatest(t.next_at, clock_timestamp()) + make_interval(secs => %(interval)s)
        where t.next_at <= clock_timestamp() + make_interval(secs => %(within)s)
        returning extract(epoch from next_at - clock_timestamp()) - %(interval)s as wait
    """
    rows = db.rows(connection, sql, {"name": name, "interval": interval * HEADROOM, "within": within})
    return max(0.0, float(rows[0].wait)) if rows else None
