-- How many deliveries became what in the last while, by quarters of an hour: in every time zone a day begins with one.
select
    date_trunc('hour', l.at) + interval '15 minutes' * floor(extract(minute from l.at) / 15) as at,
    case
        when l.delivery_status::text <> 'pending' then l.delivery_status::text
        when l.attempts > 0 then 'retrying'
        else 'scheduled'
    end as status,
    count(*) as count
from (
    select coalesce(l.sent_at, l.created_at, l.due_at) as at, l.reminder_id, l.delivery_status, l.attempts
    from (/* include /log/own */) as l
) as l
where l.at > :floor
    and l.at <= :now
    and (
        :user_id::bigint is null
        or exists (
            select from :"log".reminder_recipients_log r
            where r.reminder_id = l.reminder_id and r.user_id = :user_id::bigint
        )
    )
group by 1, 2
order by 1, 2
