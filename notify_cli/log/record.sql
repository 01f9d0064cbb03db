-- What became of deliveries, one row each. Only the run that still holds the claim may say it.
with outcome as (
    select *
    from unnest(
        :reminder_ids::bigint[], :statuses::text[], :messages::text[], :errors::text[],
        :retry_afters::float8[], :provider_message_ids::text[], :contexts::jsonb[]
    ) as o (reminder_id, status, message, error, retry_after, provider_message_id, context)
),
ours as (
    /* include ours */
)
update :"log".reminders_log l
set delivery_status = cast(o.status as :"log".delivery_status),
    message = coalesce(o.message, l.message),
    delivery_error = o.error,
    sent_at = case when o.status = 'delivered' then :now end,
    -- One more try before it is no longer useful, however long the provider or the backoff wants to wait.
    retry_at = case when o.status = 'pending' then greatest(:now, least(
        :now + make_interval(secs => o.retry_after), l.useful_until - interval '90 seconds'
    )) end,
    provider_message_id = coalesce(o.provider_message_id, l.provider_message_id),
    -- Each attempt that did not deliver, with its time and what was said of it: the first ten, and the last ten.
    context = case when o.status = 'delivered' then o.context else coalesce(o.context, '{}') || jsonb_build_object(
        'tried',
        case when jsonb_array_length(tried.before) >= 20 then tried.before - 10 else tried.before end
            || jsonb_build_object('at', :now, 'outcome', case o.status when 'pending' then 'retrying' else o.status end,
                'error', o.error)
    ) end,
    claimed_until = null,
    claim_token = null
from outcome o
join ours on ours.reminder_id = o.reminder_id
cross join lateral (
    select case when jsonb_typeof(o.context -> 'tried') = 'array' then o.context -> 'tried' else '[]' end as before
) as tried
where l.reminder_id = o.reminder_id and l.claim_token = :token::uuid
