-- Take back the cancellation of jobs, by their cancellation keys.
delete from :"log".reminders_log
where delivery_status = 'cancelled' and notification_key = any(:notification_keys::text[])
