-- The groups somebody is or was in: one row per group, the stay that goes on before those that ended.
select distinct on (mb.group_id)
    mb.group_id, coalesce(g.group_name, 'group_' || mb.group_id) as group_name, g.course,
    mb.joined_at, mb.left_at, mb.active
from notify.members mb
left join notify.groups g on g.group_id = mb.group_id
where mb.user_id = :user_id::bigint
order by mb.group_id, mb.active desc, mb.joined_at desc
