-- The cancelled jobs, when each was, by which pattern and by which command.
select
    job_id, split_part(notification_key, '/', 2) as occurrence, reminder_type, created_at as cancelled_at,
    context ->> 'pattern' as pattern, context ->> 'command' as command
from (/* include /log/own */) as l
where delivery_status = 'cancelled' and notification_key like '%/cancelled' || :mark::text and job_id like :job_pattern::text
