-- One row per job and occurrence keeps all its deliveries from going out, also to whoever joins later. A job that was
-- stored anew after its cancellation is cancelled anew.
with wanted as (
    select *
    from unnest(:job_ids::text[], :occurrences::text[], :reminder_types::text[])
        as w (job_id, occurrence, reminder_type)
)
insert into :"log".reminders_log as l (
    message, reminder_type, delivery_status, job_id, notification_key, created_at, sent_at
)
select
    :message::text, w.reminder_type, 'cancelled', w.job_id, concat_ws('/', w.job_id, w.occurrence, 'cancelled'),
    clock_timestamp(), null
from wanted w
order by w.job_id, w.occurrence
on conflict (notification_key) where notification_key is not null do update
set message = excluded.message, created_at = excluded.created_at
