"""The shared pace: one row of notify.throttle per rate, from which every send on every host reserves its turn."""

from __future__ import annotations

from notify_cli import db, sql

_SQL = sql.Folder(__file__)

# A turn is kept to within some milliseconds, the time a thread and a request take to get going: with this much room
# between the turns the pace is not exceeded all the same.
HEADROOM = 1.02


def reserve(connection: db.Connection, name: str, *, interval: float, within: float) -> float | None:
    """Reserve the next turn, `interval` seconds after the one before it, and return the seconds to wait until it.

    None, and nothing reserved, when the next turn is more than `within` seconds away. Raises DatabaseError.
    """
    rows = db.rows(connection, _SQL("reserve"), {"name": name, "interval": interval * HEADROOM, "within": within})
    return max(0.0, float(rows[0].wait)) if rows else None
