-- Whom a meeting m concerns: everybody who is or was in its group, its guests, and the group's channel once.
select mb.user_id, mb.joined_at, mb.active
from notify.members mb
where mb.group_id = m.group_id
union all
-- who visits this one meeting; nothing else of the group is for them
select a.user_id, null, true
from :"attendance" a
where a.meeting_id = m.meeting_id and a.guest and a.attending is not false
union all
-- the post in the group's channel
select null, null, true
