-- Rows of the platform that the views pass over.
select u.source, coalesce(u.id::text, 'without an id') as id, u.reason
from notify.unusable u
order by u.source, u.reason, u.id
