-- Whether the platform has heard of somebody who may have no account (any more).
select
    exists (select from notify.members mb where mb.user_id = :user_id::bigint)
    or exists (select from notify.enrolments e where e.user_id = :user_id::bigint)
    or exists (select from notify.lesson_sessions s where s.user_id = :user_id::bigint)
    or exists (select from :"log".reminder_recipients_log r where r.user_id = :user_id::bigint) as found
