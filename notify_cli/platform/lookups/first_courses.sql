-- The course that each of these people enrolled in first.
select distinct on (e.user_id) e.user_id, e.course
from notify.enrolments e
where e.user_id = any(:user_ids::bigint[]) and e.course is not null
order by e.user_id, e.enrolled_at
