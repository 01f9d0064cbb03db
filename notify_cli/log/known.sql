-- What the log says of some notification keys; `leased` while some run is sending it.
select
    notification_key, delivery_status::text as status, delivery_error as error, created_at,
    coalesce(claimed_until > :now, false) as leased
from :"log".reminders_log
where notification_key = any(:notification_keys::text[])
