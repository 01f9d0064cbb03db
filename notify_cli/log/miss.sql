-- Deliveries whose time passed before any run tried them, a row each, so that the log shows what did not happen.
with wanted as (
    select *
    from unnest(
        :notification_keys::text[], :job_ids::text[], :reminder_types::text[], :methods::text[], :user_ids::bigint[],
        :group_ids::bigint[], :due_ats::timestamptz[], :useful_untils::timestamptz[]
    ) as w (notification_key, job_id, reminder_type, method, user_id, group_id, due_at, useful_until)
),
made as (
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
    insert into :"log".reminder_recipients_log (reminder_id, user_id, group_id)
    select m.reminder_id, w.user_id, case when w.user_id is null then w.group_id end
    from made m
    join wanted w on w.notification_key = m.notification_key
)
select notification_key from made
