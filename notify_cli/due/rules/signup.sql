-- Some time after a person's first enrolment in any course.
select
    recent.user_id,
    null as group_id,
    null as meeting_id,
    null as session_id,
    null as occurs_at,
    null as sequence,
    first.enrolled_at + t.due as due_at,
    first.enrolled_at + t.until as useful_until,
    null as joined_at,
    true as active,
    case
        when not first.in_active then 'group_inactive'
        when not first.in_courses then 'not_applicable'
    end as exclusion,
    case
        when not first.in_active then 'the cohort is not active'
        when not first.in_courses then 'it is for other courses'
    end as note
-- the window runs over all enrolments, by index; only then is it asked which of them is the person's first
from (
    select distinct e.user_id
    from notify.enrolments e
    where e.enrolled_at <= :horizon - t.due
        and e.enrolled_at > :floor - t.until
        and (:user_ids::bigint[] is null or e.user_id = any(:user_ids::bigint[]))
    offset 0
) as recent
cross join lateral (
    select
        min(e.enrolled_at) as enrolled_at,
        bool_or(coalesce((to_jsonb(e) ->> 'active')::boolean, true)) as in_active,
        t.courses is null or coalesce(bool_or(lower(btrim(e.course)) = any(t.courses)), false) as in_courses
    from notify.enrolments e
    where e.user_id = recent.user_id
) as first
where first.enrolled_at > :floor - t.until
    and :meeting_ids::bigint[] is null
    and :group_ids::bigint[] is null
