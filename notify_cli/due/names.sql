-- What recipients are called.
select 'user_' || p.user_id as recipient, p.name
from notify.people p
where p.user_id = any(:user_ids::bigint[])
union all
select 'group_' || g.group_id, g.group_name
from notify.groups g
where g.group_id = any(:group_ids::bigint[])
