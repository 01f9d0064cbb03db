-- The time zones as they stand in people's rows, and how many people have each.
select p.timezone, count(*) as people
from notify.people p
where btrim(p.timezone) <> ''
group by p.timezone
