-- The groups that somebody visits as a guest, for one of their meetings or several.
select distinct m.group_id, coalesce(g.group_name, 'group_' || m.group_id) as group_name
from :"attendance" a
join notify.meetings m on m.meeting_id = a.meeting_id
left join notify.groups g on g.group_id = m.group_id
where a.user_id = :user_id::bigint and a.guest and a.attending is not false
