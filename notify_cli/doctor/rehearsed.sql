-- How many rows rehearsals have left in the log.
select count(*) as count from :"log".reminders_log where notification_key like '%~rehearsal'
