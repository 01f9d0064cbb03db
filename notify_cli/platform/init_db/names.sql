-- Names in the views mean the same whoever runs this. The schema that has most of the platform's tables comes first, of
-- equal ones that which the views read already. Schema notify is never among them: our `groups` is not the platform's.
-- A file of the platform's own is read as its role would read it, as far as that goes.
do $names$
declare
    views constant text := current_setting('notify.views');
    mine constant text[] := current_schemas(false);
    found text[];
    first int;
begin
    with place as (
        select
            n.nspname::text as schema,
            rank() over (order by
                count(*) desc,
                bool_or(exists (
                    select from pg_rewrite r
                    join pg_class v on v.oid = r.ev_class and v.relnamespace = to_regnamespace('notify')
                    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjid = c.oid
                )) desc,
                min(array_position(mine, n.nspname)) nulls last
            ) as rank
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relname = any(:'tables'::text[]) and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and n.nspname !~ '^pg_' and n.nspname not in ('notify', 'information_schema')
        group by n.nspname
    )
    select array_agg(p.schema order by p.rank, p.schema), count(*) filter (where p.rank = 1) into found, first
    from place p;
    if views = 'shipped' and first > 1 then
        raise exception 'the platform''s tables are in each of the schemas %: set search_path for the role, to one of them',
            array_to_string(found[:first], ', ');
    end if;
    perform set_config('search_path', coalesce((
        select string_agg(quote_ident(p.schema), ', ' order by p.place)
        from unnest(case when views = 'given' then mine || found else found || mine end)
            with ordinality as p (schema, place)
        where p.schema <> 'notify'
    ), ''), true);
end $names$;
