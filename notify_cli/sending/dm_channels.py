"""notify.dm_channels: which DM channel was opened to whom, kept across runs because opening is what Discord limits."""

from __future__ import annotations

from collections.abc import Mapping

from notify_cli import db, sql

_SQL = sql.Folder(__file__)


def remember(connection: db.Connection, channels: Mapping[str, str]) -> None:
    """Keep the opened channels: Discord id -> channel id. Raises DatabaseError."""
    db.execute(
        connection,
        _SQL("remember_dm_channels"),
        {"discord_ids": list(channels), "channel_ids": list(channels.values())},
    )
