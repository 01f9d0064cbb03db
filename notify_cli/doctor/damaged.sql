-- Rows of ours in the log that wait and cannot go out.
select 'row of the log' as source, l.reminder_id::text as id,
    'it waits, and says not for which job, when or until when' as reason
from :"log".reminders_log l
where l.notification_key is not null and l.delivery_status = 'pending'
    and (l.job_id is null or l.due_at is null or l.useful_until is null)
union all
select 'row of the log', l.reminder_id::text,
    'what became of it could not be recorded: it may have been sent, and is not sent again by itself'
from :"log".reminders_log l
where l.notification_key is not null and l.delivery_status = 'pending' and l.claimed_until = 'infinity'
order by 3, 2
