-- How many rows of the log are ours.
select count(*) as count from :"log".reminders_log where notification_key is not null
