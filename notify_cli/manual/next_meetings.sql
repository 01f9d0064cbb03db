-- The next meeting of each group.
select distinct on (m.group_id) m.group_id, m.meeting_id, m.starts_at
from notify.meetings m
where m.group_id = any(:group_ids::bigint[]) and m.starts_at > :at::timestamptz
order by m.group_id, m.starts_at, m.meeting_id
