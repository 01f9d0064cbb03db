-- Whether the reader of a candidate `a` wants messages of its type by its method; no row where they have not said.
select x.enabled
from :"preferences" x
where x.user_id = a.user_id and x.reminder_type = a.reminder_type
    and (x.method is null or x.method = a.method) and x.enabled is not null
-- a choice about one method counts before one about all
order by x.method is null, x.enabled
limit 1
