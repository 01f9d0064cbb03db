-- Every table and column that the shipped views need and the platform has not, at once: PostgreSQL would name the first.
do $missing$
declare
    faults text;
begin
    select string_agg(f.fault, ', ' order by f.relation, f.fault) into faults
    from (
        select wanted.relation, format('relation "%s" does not exist', wanted.relation) as fault
        from unnest(:'tables'::text[]) as wanted (relation)
        where to_regclass(quote_ident(wanted.relation)) is null
        union all
        select wanted.relation, format('column %s.%s does not exist', wanted.relation, wanted.column)
        from unnest(:'columns'::text[]) as one (path)
        cross join lateral (
            select split_part(one.path, '.', 1) as relation, split_part(one.path, '.', 2) as column
        ) as wanted
        where to_regclass(quote_ident(wanted.relation)) is not null and not exists (
            select from pg_attribute a
            where a.attrelid = to_regclass(quote_ident(wanted.relation)) and a.attname = wanted.column
                and not a.attisdropped
        )
    ) as f;
    if current_setting('notify.views') = 'shipped' and faults is not null then
        raise exception using errcode = 'undefined_table', message = faults;
    end if;
end $missing$;
