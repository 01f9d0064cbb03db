-- Which of these keys the log has done with (delivered, failed, expired), and as what.
select l.notification_key, l.delivery_status::text as status
from :"log".reminders_log l
where l.notification_key = any(:notification_keys::text[]) and l.delivery_status <> 'pending'
