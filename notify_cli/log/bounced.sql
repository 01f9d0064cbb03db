-- The mail of which a bounce tells: the last that was delivered to these readers before it, a server may try for days.
with last_sent as (
    select l.reminder_id, reader.email
    from unnest(:user_ids::bigint[], :emails::text[]) as reader (user_id, email)
    join :"log".reminder_recipients_log r on r.user_id = reader.user_id
    join :"log".reminders_log l on l.reminder_id = r.reminder_id
    where l.notification_key is not null
        and l.delivery_method::text = 'email'
        and l.delivery_status::text = 'delivered'
        and l.sent_at <= :at::timestamptz + interval '5 minutes'
        and l.sent_at > :at::timestamptz - interval '4 days'
    order by l.sent_at desc
    limit 1
)
update :"log".reminders_log l
set delivery_status = cast('bounced' as :"log".delivery_status),
    delivery_error = :words::text,
    -- at another address the message is due again
    context = coalesce(l.context, '{}') || jsonb_build_object('refused_at', last_sent.email)
from last_sent
where l.reminder_id = last_sent.reminder_id
