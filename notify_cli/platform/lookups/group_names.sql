-- Names of groups that may have nothing to see in them: a Latin letter or a digit is seen, of others this does not judge.
select g.group_id, coalesce(g.group_name, '') as group_name
from notify.groups g
where g.active and coalesce(g.group_name, '') !~ '[a-zA-Z0-9]'
order by g.group_id
