-- What rules and look-ups ask of the views again and again, a line for each index that they need, with the statement that
-- shows how the database would answer it. `marker` is what is asked for: it is found again in the plan.
with looked_up as (
    select l.relation, l.columns, row_number() over () as line
    from (values
        ('notify.people', '{user_id}'::text[]),
        ('notify.groups', '{group_id}'),
        ('notify.members', '{group_id}'),
        ('notify.members', '{user_id}'),
        ('notify.members', '{joined_at}'),
        ('notify.meetings', '{meeting_id}'),
        ('notify.meetings', '{starts_at}'),
        ('notify.meetings', '{group_id,starts_at}'),
        ('notify.meetings', '{created_at}'),
        ('notify.enrolments', '{user_id}'),
        ('notify.enrolments', '{enrolled_at}'),
        ('notify.lesson_sessions', '{user_id,lesson_id}'),
        ('notify.lesson_sessions', '{started_at}'),
        ('notify.attendance', '{meeting_id}'),
        ('notify.preferences', '{user_id}')
    ) as l (relation, columns)
)
select
    l.line, marker.words as marker,
    format('explain (verbose, format json) select from %s as v where v.%I = %L::%s',
        l.relation, one.column, marker.words, marker.type) as plan
from looked_up l
cross join lateral unnest(l.columns) with ordinality as one ("column", place)
join (/* include contract */) as c (relation, "column", kind, need, definition)
    on c.relation = l.relation and c.column = one.column
join (values
    ('id', '1234567891', 'int'), ('moment', '2001-02-03 04:05:06+00', 'timestamptz'), ('text', 'looked up', 'text')
) as marker (kind, words, type) on marker.kind = c.kind
where to_regclass(l.relation) is not null
order by l.line, one.place
