-- Try again what was refused as it is, or was counted as done.
update notify.calendars c
set refused_method = null, refused_address = null, refused_plan = null, look_at = now(), revision = c.revision + 1
from unnest(:group_ids::bigint[], :user_ids::bigint[]) as given (group_id, user_id)
where c.group_id = given.group_id and c.user_id = given.user_id and c.rehearsal = :rehearsal::boolean
