-- Deliveries whose time passed before any run tried them, a row each, so that the log shows what did not happen.
with wanted as (
    /* include wanted */
),
put as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
        due_at, useful_until, attempts, context, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'expired', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 0, :context::jsonb, null
    from wanted w
    -- an id is used up even where nothing is inserted
    where not exists (
        select from :"log".reminders_log l where l.notification_key = w.notification_key offset 0
    )
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do nothing
    returning l.reminder_id, l.notification_key
),
addressed as (
    /* include addressed */
)
select notification_key from put
