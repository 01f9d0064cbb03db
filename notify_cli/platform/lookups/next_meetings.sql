-- The next meeting of each group.
select distinct on (m.group_id)
    m.meeting_id, m.group_id, m.starts_at, coalesce(g.group_name, 'group_' || m.group_id) as group_name
from notify.meetings m
left join notify.groups g on g.group_id = m.group_id
where m.group_id = any(:group_ids::bigint[]) and m.starts_at > :at::timestamptz
order by m.group_id, m.starts_at, m.meeting_id
