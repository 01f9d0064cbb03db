-- Deliveries that count as done though nothing was sent: `cancelled`, each under its own key, so that later ones of the
-- same job stay due. What waits is taken out of the queue, what is being sent or was sent stays as it is.
with wanted as (
    select *
    from unnest(
        :notification_keys::text[], :job_ids::text[], :reminder_types::text[], :methods::text[],
        :user_ids::bigint[], :group_ids::bigint[], :due_ats::timestamptz[], :useful_untils::timestamptz[]
    ) as w (notification_key, job_id, reminder_type, method, user_id, group_id, due_at, useful_until)
),
counted as (
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
    insert into :"log".reminder_recipients_log (reminder_id, user_id, group_id)
    select c.reminder_id, w.user_id, case when w.user_id is null then w.group_id end
    from counted c
    join wanted w on w.notification_key = c.notification_key
    where not exists (select from :"log".reminder_recipients_log r where r.reminder_id = c.reminder_id)
)
select notification_key from counted
