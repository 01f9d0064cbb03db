-- The meeting named.
select m.meeting_id, m.group_id, m.starts_at
from notify.meetings m
where m.meeting_id = any(:meeting_ids::bigint[])
