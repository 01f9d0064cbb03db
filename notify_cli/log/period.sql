-- Deliveries that were due in a time and did not go well: late by more than a while, failed, passed.
select
    l.job_id, l.notification_key, l.reminder_type, l.delivery_method::text as method,
    l.delivery_status::text as status, l.delivery_error as error, l.due_at, l.useful_until, l.sent_at,
    coalesce(l.attempts, 0) as attempts, l.context, l.created_at, r.user_id, r.group_id
from (/* include /log/own */) as l
left join lateral (
    select r.user_id, r.group_id from :"log".reminder_recipients_log r where r.reminder_id = l.reminder_id limit 1
) as r on true
where l.due_at > :floor
    and l.due_at <= :now
    and l.delivery_method is not null
    and not coalesce(l.context ? 'baseline' or l.context ? 'absorbed_by', false)
    and (
        l.delivery_status::text in ('failed', 'bounced', 'expired')
        or l.delivery_status::text = 'delivered' and l.sent_at > l.due_at + :tolerance::interval
        or l.delivery_status::text = 'pending' and l.useful_until <= :now
    )
order by l.due_at, l.notification_key
