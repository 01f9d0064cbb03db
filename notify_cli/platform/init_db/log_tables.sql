-- The log: the platform's own where it has one, in whatever schema; else ours, where no tool of the platform looks.
-- Additive only: tables, columns and rows that are there stay as they are, other writers keep working.
do $log$
declare
    schemas constant text[] := array(select log.schema from (/* include ../../log_schema */) as log);
    missing record;
begin
    if cardinality(schemas) > 1 then
        raise exception '%.reminders_log may each be the log: rename the one that is not (alter table ... rename to ...)',
            array_to_string(schemas, '.reminders_log and ');
    end if;
    perform set_config('search_path', quote_ident(coalesce(schemas[1], 'notify')), true);
    if schemas = '{}' then
        if to_regtype('delivery_method') is null then
            create type delivery_method as enum ('email');
        end if;
        if to_regtype('delivery_status') is null then
            create type delivery_status as enum ('pending');
        end if;
        create table reminders_log ();
    end if;
    if to_regclass('reminder_recipients_log') is null then
        create table reminder_recipients_log ();
    end if;
    for missing in
        with contract as (
            select c.*, row_number() over () as line
            from (/* include ../contract */) as c (relation, "column", kind, need, definition)
        )
        select format('alter table %I add column %I %s', c.relation, c.column, c.definition) as statement
        from contract c
        left join pg_attribute a
            on a.attrelid = to_regclass(c.relation) and a.attname = c.column and not a.attisdropped
        -- a table that was made above has no column at all
        where a.attname is null and (c.need = 'added' or not exists (
            select from pg_attribute o where o.attrelid = to_regclass(c.relation) and o.attnum > 0
        )) and c.relation not like 'notify.%'
        order by c.line
    loop
        execute missing.statement;
    end loop;
    for missing in
        select format('alter table %I alter column %I drop not null', c.relation, c.column) as statement
        from (/* include ../contract */) as c (relation, "column", kind, need, definition)
        join pg_attribute a on a.attrelid = to_regclass(c.relation) and a.attname = c.column
        where a.attnotnull and c.definition ~ '(?<!not) null$' and c.relation not like 'notify.%'
    loop
        execute missing.statement;
    end loop;
end $log$;
