-- The groups that people are or were in, one row for each: two roles in a group are one stay, which began with the
-- earlier of those that are active; of stays that ended the last one counts. The same choice as in the rule
-- group_assigned, whose occurrence is joined_at.
select distinct on (mb.user_id, mb.group_id)
    mb.user_id, mb.group_id, coalesce(g.group_name, 'group_' || mb.group_id) as group_name, g.course,
    mb.joined_at, mb.left_at, mb.active, coalesce(g.active, false) as group_active
from notify.members mb
left join notify.groups g on g.group_id = mb.group_id
where mb.user_id = any(:user_ids::bigint[])
order by
    mb.user_id, mb.group_id, mb.active desc,
    case when mb.active then mb.joined_at end, mb.joined_at desc nulls last
