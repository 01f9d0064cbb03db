-- The provider's record tells what became of an email. Not where another run has tried it since, or is trying it now.
update :"log".reminders_log l
set delivery_status = cast(:status::text as :"log".delivery_status),
    delivery_error = :came_back::text,
    sent_at = :sent_at::timestamptz,
    provider_message_id = :provider_message_id::text,
    -- at another address what came back is due again
    context = nullif(
        case when jsonb_typeof(l.context) = 'object' then l.context - 'in_doubt' else '{}' end
            || case when :came_back::text is null then '{}' else jsonb_build_object('refused_at', :refused_at::text) end,
        '{}'
    ),
    retry_at = null,
    claimed_until = null,
    claim_token = null
where l.reminder_id = :reminder_id::bigint
    and l.delivery_status::text = 'pending'
    and l.attempts = :attempts::int
    and coalesce(l.claimed_until <= now(), true)
