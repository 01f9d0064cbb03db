-- The rows of the log that are ours, as a run sees them: a rehearsal its own, every other run all but those of rehearsals.
-- To be read in place of the table, wherever rows are not looked up by their keys.
select *
from :"log".reminders_log
where (notification_key like '%~rehearsal') = (:mark::text <> '')
