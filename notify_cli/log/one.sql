-- One row of the log whole, with its recipient's name.
select
    l.reminder_id, l.job_id, l.notification_key, l.reminder_type, l.delivery_method::text as method,
    l.delivery_status::text as status, l.delivery_error as error, l.message, l.created_at, l.due_at, l.useful_until,
    l.sent_at, l.retry_at, l.provider_message_id, l.context, r.user_id, r.group_id,
    coalesce(p.name, g.group_name) as name
from :"log".reminders_log l
left join lateral (
    select r.user_id, r.group_id from :"log".reminder_recipients_log r where r.reminder_id = l.reminder_id limit 1
) as r on true
left join notify.people p on p.user_id = r.user_id
left join notify.groups g on g.group_id = r.group_id
where l.reminder_id = :reminder_id::bigint
