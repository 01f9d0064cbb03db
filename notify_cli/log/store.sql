-- Messages to go out later: rows of the log that wait, with what they say, and the recipients row beside each.
with wanted as (
    select *
    from unnest(
        :notification_keys::text[], :job_ids::text[], :reminder_types::text[], :methods::text[], :user_ids::bigint[],
        :group_ids::bigint[], :due_ats::timestamptz[], :useful_untils::timestamptz[], :contexts::jsonb[]
    ) as w (notification_key, job_id, reminder_type, method, user_id, group_id, due_at, useful_until, context)
),
-- A key that waits, or came to nothing, is taken over with its new time and content; one that was delivered, or is
-- being sent, stays as it is. The time of storing is clock_timestamp(), not now(): it is compared with cancellations of
-- the same transaction.
stored as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
        due_at, useful_until, attempts, context, created_at, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'pending', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 0, w.context, clock_timestamp(), null
    from wanted w
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do update
    set reminder_type = excluded.reminder_type,
        delivery_status = 'pending',
        delivery_error = null,
        sent_at = null,
        due_at = excluded.due_at,
        useful_until = excluded.useful_until,
        attempts = 0,
        retry_at = null,
        claimed_until = null,
        claim_token = null,
        created_at = excluded.created_at,
        context = excluded.context
    where l.delivery_status is distinct from 'delivered'
        and coalesce(l.claimed_until <= :now, true)
    returning l.reminder_id, l.notification_key
),
addressed as (
    insert into :"log".reminder_recipients_log (reminder_id, user_id, group_id)
    select s.reminder_id, w.user_id, case when w.user_id is null then w.group_id end
    from stored s
    join wanted w on w.notification_key = s.notification_key
    where not exists (select from :"log".reminder_recipients_log r where r.reminder_id = s.reminder_id)
)
select notification_key from stored
