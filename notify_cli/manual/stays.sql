-- Since when these people are in these groups; two roles in a group are one stay.
select mb.user_id, mb.group_id, min(mb.joined_at) as joined_at
from notify.members mb
where mb.user_id = any(:user_ids::bigint[]) and mb.group_id = any(:group_ids::bigint[]) and mb.active
group by mb.user_id, mb.group_id
