-- The groups that these people are or were in, or of which their calendars hold something.
select mb.group_id from notify.members mb where mb.user_id = any(:user_ids::bigint[])
union
select c.group_id from notify.calendars c where c.user_id = any(:user_ids::bigint[])
