-- Keep DM channels that were opened: opening them is what Discord limits hardest.
insert into notify.dm_channels (discord_id, channel_id)
select * from unnest(:discord_ids::text[], :channel_ids::text[]) as opened (discord_id, channel_id)
order by discord_id
on conflict (discord_id) do update set channel_id = excluded.channel_id
where dm_channels.channel_id <> excluded.channel_id
