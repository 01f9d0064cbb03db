-- The jobs of messages that wait for their time, and when they were stored.
select
    job_id, split_part(notification_key, '/', 2) as occurrence, min(reminder_type) as reminder_type,
    max(created_at) as stored_at
from (/* include /log/own */) as l
where delivery_status = 'pending' and context ? 'variables'
    and job_id like :job_pattern::text and useful_until > :now
group by 1, 2
