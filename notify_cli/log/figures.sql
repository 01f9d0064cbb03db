-- What became of the deliveries of the last day, by method; and of those that were delivered, the seconds from due to sent.
select
    l.delivery_method::text as method,
    count(*) filter (where l.delivery_status::text = 'delivered') as delivered,
    count(*) filter (where l.delivery_status::text in ('failed', 'bounced')) as failed,
    count(*) filter (where l.delivery_status::text = 'expired') as expired,
    array_agg(extract(epoch from l.sent_at - l.due_at)::float8) filter (
        where l.delivery_status::text = 'delivered' and l.sent_at is not null
    ) as seconds
from (/* include own */) as l
-- what was sent in the last day may have been due some days before
where l.due_at > :floor - interval '8 days'
    and l.due_at <= :now
    and coalesce(l.sent_at, least(l.useful_until, :now)) > :floor
    and l.delivery_method is not null
    and not coalesce(l.context ? 'baseline' or l.context ? 'absorbed_by', false)
group by l.delivery_method
