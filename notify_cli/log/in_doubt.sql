-- Emails that may have gone out: no answer came to a request, or the run that sent them never said what became of them.
select
    l.reminder_id, l.attempts, r.user_id,
    -- a stored message was written down long before it was due
    greatest(l.created_at, l.due_at) - interval '5 minutes' as since
from :"log".reminders_log l
join :"log".reminder_recipients_log r on r.reminder_id = l.reminder_id
where l.notification_key is not null
    and l.delivery_method::text = 'email'
    and l.delivery_status::text = 'pending'
    and l.attempts > 0
    and (l.claimed_until is null and l.context ? 'in_doubt' or l.claimed_until <= now())
    and r.user_id is not null
order by l.reminder_id
