-- The views, and the mark by which a later release knows those that it may replace.
do $make$
declare
    views constant text := current_setting('notify.views');
    definitions constant text := /* definitions */;
    path constant text := current_setting('search_path');
    made text;
begin
    if views = 'kept' then
        return;
    end if;
    begin
        execute definitions;
    exception when invalid_table_definition then
        -- create or replace can only add columns: all views go, what is not made here comes back with what was saved
        /* include drop_views */
        perform set_config('search_path', path, true);
        execute definitions;
    end;
    for made in
        select c.relname
        from pg_class c
        where c.relnamespace = to_regnamespace('notify') and c.relkind = 'v'
            and strpos(definitions, 'notify.' || c.relname) > 0
    loop
        if views = 'shipped' then
            execute format('comment on view notify.%I is %L', made, :'mark');
        elsif obj_description(format('notify.%I', made)::regclass, 'pg_class') = :'mark' then
            execute format('comment on view notify.%I is null', made);
        end if;
    end loop;
end $make$;
