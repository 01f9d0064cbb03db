-- Deliveries whose content is in another that goes out: each is done with, as a row that names the job of the other.
with wanted as (
    /* include wanted */
),
put as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
        due_at, useful_until, attempts, context, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'cancelled', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 0, jsonb_build_object('absorbed_by', :absorbed_by::jsonb ->> w.notification_key), null
    from wanted w
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do update
    set delivery_status = 'cancelled', claimed_until = null, claim_token = null,
        context = coalesce(l.context, '{}') || excluded.context
    where l.delivery_status in ('pending', 'expired') and coalesce(l.claimed_until <= now(), true)
    returning l.reminder_id, l.notification_key
)
/* include addressed */
