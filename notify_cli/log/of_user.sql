-- Whether there is any row of somebody.
select exists (select from :"log".reminder_recipients_log r where r.user_id = :user_id::bigint) as found
