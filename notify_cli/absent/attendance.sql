-- Where the platform has no view notify.attendance: nobody has answered.
select null::bigint as meeting_id, null::bigint as user_id, null::boolean as attending, null::boolean as guest
where false
