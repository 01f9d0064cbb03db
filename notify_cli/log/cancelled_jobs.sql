-- The cancelled jobs.
select job_id, split_part(notification_key, '/', 2) as occurrence, reminder_type
from :"log".reminders_log
where delivery_status = 'cancelled' and notification_key like '%/cancelled' and job_id like :job_pattern::text
