-- The groups named, and their active members who have an account.
select
    g.group_id, g.active,
    coalesce(array_agg(distinct p.user_id) filter (where p.user_id is not null), '{}') as user_ids
from notify.groups g
left join notify.members mb on mb.group_id = g.group_id and mb.active
left join notify.people p on p.user_id = mb.user_id
where g.group_id = any(:group_ids::bigint[])
group by g.group_id, g.active
order by g.group_id
