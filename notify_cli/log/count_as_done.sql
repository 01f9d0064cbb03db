-- Deliveries that count as done though nothing was sent: `cancelled`, each under its own key, so that later ones of the
-- same job stay due. What waits is taken out of the queue, what is being sent or was sent stays as it is.
with wanted as (
    /* include wanted */
),
put as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, delivery_error, job_id, notification_key,
        due_at, useful_until, attempts, context, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'cancelled', :reason::text, w.job_id,
        w.notification_key, w.due_at, w.useful_until, 0, jsonb_build_object('baseline', :baseline::text), null
    from wanted w
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do update
    set delivery_status = 'cancelled',
        delivery_error = excluded.delivery_error,
        claimed_until = null,
        claim_token = null,
        -- `waited`: the row was there before, and waits again when this is undone
        context = coalesce(l.context, '{}') || excluded.context || '{"waited": true}'
    where l.delivery_status = 'pending'
        and coalesce(l.claimed_until <= now(), true)
    returning l.reminder_id, l.notification_key
),
addressed as (
    /* include addressed */
)
select notification_key from put
