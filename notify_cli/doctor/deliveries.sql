-- What became of the deliveries of the last day, by channel, and the last success of all.
select
    coalesce(l.delivery_method::text, 'none') as method,
    count(*) filter (where l.delivery_status = 'failed' and l.created_at > now() - interval '24 hours') as failed,
    count(*) filter (where l.delivery_status = 'delivered' and l.sent_at > now() - interval '24 hours') as delivered,
    max(l.sent_at) filter (where l.delivery_status = 'delivered') as last_sent_at,
    -- a sweep would have closed them
    count(*) filter (
        where l.delivery_status = 'pending' and l.useful_until < now() - interval '15 minutes'
            and coalesce(l.claimed_until < now() - interval '15 minutes', true)
    ) as stuck
from :"log".reminders_log l
where l.notification_key is not null
group by l.delivery_method
