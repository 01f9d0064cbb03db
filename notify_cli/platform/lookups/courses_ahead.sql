-- The courses of active groups that have meetings to come.
select distinct g.course
from notify.groups g
where g.active
    and exists (select from notify.meetings m where m.group_id = g.group_id and m.starts_at > now())
order by g.course
