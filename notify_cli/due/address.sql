-- Where a candidate `a` goes to. A refusal belongs to the address that was refused: it stands while the address does.
select
    one.address,
    coalesce(
        l.delivery_status in ('failed', 'bounced') and l.context ->> 'refused_at' <> one.address, false
    ) as mended
from (
    select case a.way ->> 'address'
        when 'email' then p.email
        when 'discord_id' then p.discord_id
        when 'discord_channel_id' then g.discord_channel_id
    end as address
) as one
