-- The active group that a message to a person is about where nobody says which: the one that meets next, or the one
-- that the person joined last.
select distinct on (mb.user_id) mb.user_id, mb.group_id
from notify.members mb
join notify.groups g on g.group_id = mb.group_id and g.active
left join lateral (
    select min(m.starts_at) as starts_at
    from notify.meetings m
    where m.group_id = mb.group_id and m.starts_at > :at::timestamptz
) as next on true
where mb.user_id = any(:user_ids::bigint[]) and mb.active
order by
    mb.user_id, case when not :joined_last::boolean then next.starts_at end, mb.joined_at desc nulls last, mb.group_id
