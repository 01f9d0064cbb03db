-- The time zones of each group's active members, those of most first.
select z.group_id, array_agg(z.timezone order by z.members desc, z.timezone) as zones
from (
    select mb.group_id, p.timezone, count(distinct mb.user_id) as members
    from notify.members mb
    join notify.people p on p.user_id = mb.user_id
    where mb.group_id = any(:group_ids::bigint[]) and mb.active and p.timezone is not null
    group by mb.group_id, p.timezone
) as z
group by z.group_id
