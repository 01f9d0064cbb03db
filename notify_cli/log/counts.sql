-- How many deliveries became what in the last while, by quarters of an hour: in every time zone a day begins with one.
select
    date_bin('15 minutes', coalesce(l.sent_at, l.created_at, l.due_at), timestamptz '2000-01-01 00:00+00') as at,
    case
        when l.delivery_status::text <> 'pending' then l.delivery_status::text
        when l.attempts > 0 then 'retrying'
        else 'scheduled'
    end as status,
    count(*) as count
from (/* include /log/own */) as l
where coalesce(l.sent_at, l.created_at, l.due_at) > :floor
    and coalesce(l.sent_at, l.created_at, l.due_at) <= :now
    and (
        :user_id::bigint is null
        or exists (
            select from :"log".reminder_recipients_log r
            where r.reminder_id = l.reminder_id and r.user_id = :user_id::bigint
        )
    )
group by 1, 2
order by 1, 2
