-- One meeting and its group.
select m.meeting_id, m.group_id, m.starts_at, coalesce(g.group_name, 'group_' || m.group_id) as group_name
from notify.meetings m
left join notify.groups g on g.group_id = m.group_id
where m.meeting_id = :meeting_id::bigint
