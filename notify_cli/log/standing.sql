-- What stands under some job ids: messages that were sent, and those stored by hand that still wait. What was cancelled
-- since it was stored does not wait.
select
    l.notification_key, l.job_id, split_part(split_part(l.notification_key, '/', 2), '+', 1) as occurrence,
    l.reminder_type, l.delivery_status = 'delivered' as sent, l.due_at, l.sent_at,
    coalesce(l.context -> 'variables', '{}') as variables
from (/* include /log/own */) as l
where l.job_id = any(:job_ids::text[]) and l.delivery_method is not null and l.due_at is not null
    and (l.delivery_status = 'delivered' or (
        l.delivery_status = 'pending' and l.context ? 'variables' and l.useful_until > :now
        and not exists (
            select from :"log".reminders_log c
            where c.notification_key = concat(
                    substring(l.notification_key from '^[^/]*/[^/]*/'), 'cancelled', :mark::text
                )
                and c.created_at >= l.created_at
        )
    ))
