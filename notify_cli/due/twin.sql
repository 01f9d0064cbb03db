-- Of two meetings of a group at one time the one with the lower id is reminded of, as calendars show them as one.
select min(o.meeting_id) as meeting_id
from notify.meetings o
where o.group_id = m.group_id and o.starts_at = m.starts_at and o.meeting_id < m.meeting_id
