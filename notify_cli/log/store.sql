-- Messages to go out later: rows of the log that wait, with what they say, and the recipients row beside each.
with wanted as (
    /* include wanted */
),
-- A key that waits, or came to nothing, is taken over with its new time and content; one that was delivered, or is
-- being sent, stays as it is. The time of storing is clock_timestamp(), not now(): it is compared with cancellations of
-- the same transaction.
put as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
        due_at, useful_until, attempts, context, created_at, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'pending', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 0, :contexts::jsonb -> w.notification_key, clock_timestamp(), null
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
    /* include addressed */
)
select notification_key from put
