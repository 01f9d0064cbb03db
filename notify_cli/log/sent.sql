-- What went out by some methods, of what was due since a time.
select l.notification_key, l.due_at, l.sent_at
from (/* include own */) as l
where l.due_at > :due_since::timestamptz
    and l.delivery_method::text = any(:methods::text[])
    and l.delivery_status::text = 'delivered'
    and l.sent_at is not null
order by l.sent_at
