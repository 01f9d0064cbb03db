-- Whether a group is active, and whether its people can be told of it, in an integer.
hashint4(case when g.active then 1 else 0 end + case when g.discord_channel_id is null then 2 else 0 end)
