-- Names, and addresses of people once something is typed, that begin with a text: for whoever completes an option.
select distinct offered.text
from (
    select 'user' as kind, /* include ../called */ as text from notify.people p
    union all
    select 'user', p.email from notify.people p where :said::text <> ''
    union all
    select 'group', g.group_name from notify.groups g where g.active
    union all
    select 'cohort', to_jsonb(e) ->> 'cohort_name' from notify.enrolments e where :kind::text = 'cohort'
) as offered
where offered.kind = :kind::text and lower(offered.text) like lower(:beginning::text)
order by offered.text
limit 100
