-- Deliveries whose content another message has that was delivered: `cancelled`, each under its own key, with the name of
-- that message. What waits is taken out of the queue; what is being sent or was sent stays as it is.
with wanted as (
    select w.*, a.absorbed_by
    from unnest(
        :notification_keys::text[], :job_ids::text[], :reminder_types::text[], :methods::text[],
        :user_ids::bigint[], :group_ids::bigint[], :due_ats::timestamptz[], :useful_untils::timestamptz[]
    ) as w (notification_key, job_id, reminder_type, method, user_id, group_id, due_at, useful_until)
    join (
        select x.absorbed, min(x.absorbed_by) as absorbed_by
        from unnest(:absorbed::text[], :absorbers::text[], :absorbed_by::text[]) as x (absorbed, absorber, absorbed_by)
        where exists (
            select from :"log".reminders_log l
            where l.notification_key = x.absorber and l.delivery_status = 'delivered'
        )
        group by x.absorbed
    ) as a on a.absorbed = w.notification_key
),
cancelled as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key, due_at, useful_until, attempts,
        context, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'cancelled', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 0, jsonb_build_object('absorbed_by', w.absorbed_by), null
    from wanted w
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do update
    set delivery_status = 'cancelled',
        claimed_until = null,
        claim_token = null,
        context = coalesce(l.context, '{}') || excluded.context
    where l.delivery_status = 'pending'
        and coalesce(l.claimed_until <= now(), true)
    returning l.reminder_id, l.notification_key
)
insert into :"log".reminder_recipients_log (reminder_id, user_id)
select c.reminder_id, w.user_id
from cancelled c
join wanted w on w.notification_key = c.notification_key
where not exists (select from :"log".reminder_recipients_log r where r.reminder_id = c.reminder_id)
