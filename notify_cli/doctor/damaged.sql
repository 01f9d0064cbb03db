-- Rows of ours in the log that wait and cannot go out.
select 'row of the log' as source, l.reminder_id::text as id,
    'it waits, and says not for which job, when or until when' as reason
from :"log".reminders_log l
where l.notification_key is not null and l.delivery_status = 'pending'
    and (l.job_id is null or l.due_at is null or l.useful_until is null)
order by l.reminder_id
