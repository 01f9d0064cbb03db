-- Rows of ours in the log that cannot be used: which, and why. Nothing here quotes what they hold.
select 'row of the log' as source, found.reminder_id::text as id, found.reason
from (
    select l.reminder_id, 'it waits, and says not for which job, when or until when' as reason
    from :"log".reminders_log l
    where l.notification_key is not null and l.delivery_status = 'pending'
        and (l.job_id is null or l.due_at is null or l.useful_until is null)
    union all
    select l.reminder_id, 'it waits, and does not say what is to be sent' as reason
    from :"log".reminders_log l
    where l.notification_key is not null and l.delivery_status = 'pending' and l.context ? 'variables'
        and jsonb_typeof(l.context -> 'variables') is distinct from 'object'
    union all
    select l.reminder_id,
        'what became of it could not be recorded: it may have been sent, and is not sent again by itself'
    from :"log".reminders_log l
    where l.notification_key is not null and l.delivery_status = 'pending' and l.claimed_until = 'infinity'
) as found
order by found.reason, found.reminder_id
