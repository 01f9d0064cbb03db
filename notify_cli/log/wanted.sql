-- Deliveries, a row each, as `log.columns` hands them over: a list for each column.
select *
from unnest(
    :notification_keys::text[], :job_ids::text[], :reminder_types::text[], :methods::text[], :user_ids::bigint[],
    :group_ids::bigint[], :due_ats::timestamptz[], :useful_untils::timestamptz[]
) as w (notification_key, job_id, reminder_type, method, user_id, group_id, due_at, useful_until)
