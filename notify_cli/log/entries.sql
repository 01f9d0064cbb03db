-- The log as people read it, with the recipient's name. Rows of other writers are shown as they are.
select *
from (
    select
        l.reminder_id, l.job_id, l.notification_key, l.reminder_type,
        l.delivery_method::text as method,
        l.delivery_status::text as status,
        l.delivery_error as error,
        r.user_id, r.group_id, l.due_at, l.useful_until, l.sent_at, l.attempts, l.retry_at,
        l.provider_message_id, l.message,
        coalesce(p.name, g.group_name) as name
    from :"log".reminders_log l
    left join :"log".reminder_recipients_log r on r.reminder_id = l.reminder_id
    left join notify.people p on p.user_id = r.user_id
    left join notify.groups g on g.group_id = r.group_id
    where (:floor is null or coalesce(l.sent_at, l.created_at, l.due_at) > :floor)
        and (:user_id::bigint is null or r.user_id = :user_id::bigint)
        and (:statuses::text[] is null or l.delivery_status::text = any(:statuses::text[]))
    order by l.reminder_id desc
    limit :most::int
) as newest
order by reminder_id
