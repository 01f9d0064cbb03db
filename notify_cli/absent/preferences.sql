-- Where the platform has no view notify.preferences: nobody has chosen.
select null::bigint as user_id, null::text as reminder_type, null::text as method, null::boolean as enabled
where false
