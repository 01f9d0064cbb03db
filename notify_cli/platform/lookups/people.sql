-- People who have an account, with the DM channel that was opened to them before.
select
    p.user_id,
    /* include ../called */ as name,
    p.email, p.discord_id, p.timezone, d.channel_id as dm_channel_id,
    to_jsonb(p) ->> 'locale' as locale
from notify.people p
left join notify.dm_channels d on d.discord_id = p.discord_id
where p.user_id = any(:user_ids::bigint[])
