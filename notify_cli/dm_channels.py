"""notify.dm_channels: which DM channel was opened to whom, kept across runs because opening is what Discord limits."""

from __future__ import annotations

from collections.abc import Mapping

from notify_cli import db


def remember(connection: db.Connection, channels: Mapping[str, str]) -> None:
    """Keep the opened channels: Discord id -> channel id. Raises DatabaseError."""
    sql = """
        insert into notify.dm_channels (discord_id, channel_id)
        select * from unnest(%(discord_ids)s::text[], %(channel_ids)s::text[]) as opened (discord_id, channel_id)
        order by discord_id
        on conflict (discord_id) do update set channel_id = excluded.channel_id
        where dm_channels.channel_id <> excluded.channel_id
    """
    db.execute(connection, sql, {"discord_ids": list(channels), "channel_ids": list(channels.values())})
