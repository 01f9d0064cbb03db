-- Deliveries whose content is in another that goes out: each is done with, as a row that names the job of the other.
with wanted as (
    select *
    from unnest(
        :notification_keys::text[], :job_ids::text[], :reminder_types::text[], :methods::text[], :user_ids::bigint[],
        :group_ids::bigint[], :due_ats::timestamptz[], :useful_untils::timestamptz[], :absorbed_by::text[]
    ) as w (notification_key, job_id, reminder_type, method, user_id, group_id, due_at, useful_until, absorbed_by)
),
put as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
        due_at, useful_until, attempts, context, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'cancelled', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 0, jsonb_build_object('absorbed_by', w.absorbed_by), null
    from wanted w
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do update
    set delivery_status = 'cancelled', claimed_until = null, claim_token = null,
        context = coalesce(l.context, '{}') || excluded.context
    where l.delivery_status in ('pending', 'expired') and coalesce(l.claimed_until <= now(), true)
    returning l.reminder_id, l.notification_key
)
insert into :"log".reminder_recipients_log (reminder_id, user_id, group_id)
select p.reminder_id, w.user_id, case when w.user_id is null then w.group_id end
from put p
join wanted w on w.notification_key = p.notification_key
where not exists (select from :"log".reminder_recipients_log r where r.reminder_id = p.reminder_id)
