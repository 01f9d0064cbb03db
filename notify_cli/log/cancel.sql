-- One row per job and occurrence keeps all its deliveries from going out, also to whoever joins later. A job that was
-- stored anew after its cancellation is cancelled anew.
with wanted as (
    select *
    from unnest(:notification_keys::text[], :job_ids::text[], :reminder_types::text[])
        as w (notification_key, job_id, reminder_type)
)
insert into :"log".reminders_log as l (
    message, reminder_type, delivery_status, job_id, notification_key, created_at, sent_at, context
)
select
    :message::text, w.reminder_type, 'cancelled', w.job_id, w.notification_key, clock_timestamp(), null,
    jsonb_build_object('pattern', :pattern::text, 'command', :command::text)
from wanted w
order by w.notification_key
on conflict (notification_key) where notification_key is not null do update
set message = excluded.message, created_at = excluded.created_at, context = excluded.context
