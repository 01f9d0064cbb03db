-- The links of the meetings to come.
select m.meeting_id::text as id, m.join_url
from notify.meetings m
where m.starts_at > now() - interval '1 day' and m.join_url is not null
order by m.meeting_id
