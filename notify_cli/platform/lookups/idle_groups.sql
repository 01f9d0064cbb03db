-- How many active groups have no meeting to come: nothing but welcomes ever goes out to them.
select count(*) as count
from notify.groups g
where g.active
    and not exists (select from notify.meetings m where m.group_id = g.group_id and m.starts_at > now())
