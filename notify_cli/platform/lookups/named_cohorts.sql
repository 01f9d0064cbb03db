-- Which cohort somebody may mean who typed an id or a name. Only cohorts in which somebody is enrolled are known; a view
-- without the column `cohort_name` has them by their ids alone.
select
    named.cohort_id, named.name, named.course, named.active,
    coalesce(named.cohort_id = :id::bigint, false) as is_id,
    named.cohort_id = :id::bigint or lower(named.name) = lower(:said::text) as is_meant
from (
    select
        e.cohort_id,
        max(to_jsonb(e) ->> 'cohort_name') as name,
        max(e.course) as course,
        bool_or(coalesce((to_jsonb(e) ->> 'active')::boolean, true)) as active
    from notify.enrolments e
    where e.cohort_id is not null
    group by e.cohort_id
) as named
where named.cohort_id = :id::bigint or position(lower(:said::text) in lower(named.name)) > 0
order by is_meant desc nulls last, named.cohort_id
limit 20
