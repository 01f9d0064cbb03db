-- Everyone enrolled in the cohorts named who has an account. A view without the column `active` counts all as active.
select
    e.cohort_id,
    bool_or(coalesce((to_jsonb(e) ->> 'active')::boolean, true)) as active,
    coalesce(array_agg(distinct p.user_id) filter (where p.user_id is not null), '{}') as user_ids
from notify.enrolments e
left join notify.people p on p.user_id = e.user_id
where e.cohort_id = any(:cohort_ids::bigint[])
group by e.cohort_id
order by e.cohort_id
