-- The values of the log's two enums, in whatever schema they are. A log that keeps text needs none.
do $values$
declare
    missing record;
begin
    for missing in
        select format('alter type %s add value %L', a.atttypid::regtype, wanted.value) as statement
        from (values ('delivery_method', :'methods'::text[]), ('delivery_status', :'statuses'::text[]))
            as c (name, labels)
        join pg_attribute a on a.attrelid = to_regclass('reminders_log') and a.attname = c.name
        join pg_type t on t.oid = a.atttypid and t.typtype = 'e'
        cross join lateral unnest(c.labels) with ordinality as wanted (value, place)
        where not exists (select from pg_enum e where e.enumtypid = t.oid and e.enumlabel = wanted.value)
        order by c.name, wanted.place
    loop
        execute missing.statement;
    end loop;
end $values$;
