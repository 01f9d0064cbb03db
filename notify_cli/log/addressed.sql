-- The recipients row beside each row that was put into the log for a delivery, once: a post has its group, all others
-- their reader.
insert into :"log".reminder_recipients_log (reminder_id, user_id, group_id)
select p.reminder_id, w.user_id, case when w.user_id is null then w.group_id end
from put p
join wanted w on w.notification_key = p.notification_key
where not exists (select from :"log".reminder_recipients_log r where r.reminder_id = p.reminder_id)
