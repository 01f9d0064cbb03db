-- What became of the deliveries of the last day, by method, and the last success of all.
select
    l.delivery_method::text as method,
    count(*) filter (where l.delivery_status = 'failed' and l.created_at > now() - interval '24 hours') as failed,
    count(*) filter (where l.delivery_status = 'delivered' and l.sent_at > now() - interval '24 hours') as delivered,
    max(l.sent_at) filter (where l.delivery_status = 'delivered') as last_sent_at,
    -- a sweep would have closed them
    count(*) filter (
        where l.delivery_status = 'pending' and l.useful_until < now() - interval '15 minutes'
            and coalesce(l.claimed_until < now() - interval '15 minutes', true)
    ) as stuck,
    -- what the provider said to the newest of those that wait
    (array_agg(coalesce(l.context ->> 'account_refused', l.delivery_error) order by l.reminder_id desc) filter (
        where l.delivery_status = 'pending'
            and coalesce(l.context ->> 'account_refused', l.delivery_error) is not null
    ))[1] as last_words
from (/* include /log/own */) as l
where l.delivery_method is not null
group by l.delivery_method
