-- Which of these lessons these people have finished.
select distinct s.user_id, s.lesson_id
from notify.lesson_sessions s
where s.user_id = any(:user_ids::bigint[]) and s.lesson_id = any(:lesson_ids::text[]) and s.completed_at is not null
