-- Who somebody is. A deleted account is not in notify.people any more, but has left its traces elsewhere.
select
    :now as now,
    p.name,
    p.user_id is not null as reachable,
    p.user_id is not null
        or exists (select from notify.members mb where mb.user_id = wanted.user_id)
        or exists (select from notify.enrolments e where e.user_id = wanted.user_id)
        or exists (select from notify.lesson_sessions s where s.user_id = wanted.user_id)
        or exists (select from :"log".reminder_recipients_log r where r.user_id = wanted.user_id) as known
from (select :user_id::bigint as user_id) as wanted
left join notify.people p on p.user_id = wanted.user_id
