-- What a person's messages said, and where they went, is erased; that they were sent, when and how is kept. What waits to
-- be sent to somebody who is still there keeps its words.
with theirs as (
    select l.reminder_id
    from :"log".reminders_log l
    join :"log".reminder_recipients_log r on r.reminder_id = l.reminder_id
    where r.user_id = :user_id::bigint and l.notification_key is not null
        and (l.delivery_status::text <> 'pending' or not exists (select from notify.people p where p.user_id = r.user_id))
        and (coalesce(l.message, '') <> '' or l.provider_message_id is not null
            or l.context ?| '{variables,refused_at,tried,account_refused}'::text[] or l.delivery_error is not null)
    for update of l
),
erased as (
    update :"log".reminders_log l
    set message = '', provider_message_id = null, delivery_error = null,
        context = nullif(l.context - '{variables,refused_at,tried,account_refused}'::text[], '{}')
    from theirs
    where l.reminder_id = theirs.reminder_id and not :dry::boolean
)
select count(*) as count from theirs
