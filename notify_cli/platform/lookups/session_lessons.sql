-- The lessons that sessions were begun for.
select s.session_id, s.lesson_id
from notify.lesson_sessions s
where s.session_id = any(:session_ids::bigint[])
