"""Addresses that a channel had to ask its provider for, kept across runs: asking is what providers limit hardest.

Discord's DM channels are the only ones so far, hence the name of their table.
"""

from __future__ import annotations

from collections.abc import Mapping

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


def remember(connection: db.Connection, learned: Mapping[str, str]) -> None:
    """Keep what `Channel.learned` returned: Discord id -> id of the DM channel. Raises DatabaseError."""
    db.execute(
        connection,
        _SQL("remember_dm_channels"),
        {"discord_ids": list(learned), "channel_ids": list(learned.values())},
    )
