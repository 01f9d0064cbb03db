-- Each person's trial session: their latest session of a lesson that they have finished in no session.
select distinct on (s.user_id) s.user_id, s.session_id
from notify.lesson_sessions s
where s.user_id = any(:user_ids::bigint[]) and not exists (
    select from notify.lesson_sessions o
    where o.user_id = s.user_id and o.lesson_id = s.lesson_id and o.completed_at is not null
)
order by s.user_id, s.started_at desc nulls last, s.session_id desc
