-- The cancelled jobs.
select job_id, split_part(notification_key, '/', 2) as occurrence, reminder_type
from (/* include /log/own */) as l
where delivery_status = 'cancelled' and notification_key like '%/cancelled' || :mark::text and job_id like :job_pattern::text
