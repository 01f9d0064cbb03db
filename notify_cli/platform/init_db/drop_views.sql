-- Take the views away, so that the platform can change what they stand on; init-db puts them back.
declare
    names text;
begin
    -- with nothing in the path every name in a definition is written out in full
    perform set_config('search_path', '', true);
    /* include save_views */
    select string_agg(format('notify.%I', v.viewname), ', ') into names from pg_views v where v.schemaname = 'notify';
    if names is not null then
        execute 'drop view ' || names;
    end if;
end;
