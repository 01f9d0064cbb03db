-- How many of the lessons for a meeting there are, and how many its member has done. A meeting's number is its rank in
-- the group by time unless the view gives one.
select count(*) as total, count(*) filter (where exists (
    select from notify.lesson_sessions s
    where s.user_id = mb.user_id and s.lesson_id = due.lesson_id and /* now */ s.completed_at is not null
        /* then: s.completed_at <= greatest(m.due_at, :judged_from::timestamptz) + interval '1 minute' */
)) as done
from jsonb_array_elements_text(
    coalesce(:lessons::jsonb -> lower(btrim(g.course)), :lessons::jsonb -> '*') -> coalesce(m.number, (
        select count(*) from notify.meetings earlier
        where earlier.group_id = m.group_id
            and (earlier.starts_at, earlier.meeting_id) <= (m.starts_at, m.meeting_id)
    ))::text
) as due (lesson_id)
-- not looked at for a type to which lessons do not matter
where t.share is not null
