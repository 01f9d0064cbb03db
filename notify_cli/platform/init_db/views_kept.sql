-- Views that the platform gave (--views FILE) stay until it gives others; ours are made anew each time.
do $kept$
declare
    required constant text[] := array(
        select distinct substr(c.relation, 8)
        from (/* include ../contract */) as c (relation, "column", kind, need, definition)
        where c.relation like 'notify.%' and c.need = 'required'
    );
begin
    perform set_config('notify.views', case
        when not :'shipped'::boolean then 'given'
        when exists (
            select from pg_views v
            where v.schemaname = 'notify' and v.viewname = any(required)
                and obj_description(format('notify.%I', v.viewname)::regclass, 'pg_class') is distinct from :'mark'
            union all
            select from notify.saved_views s where s.name = any(required) and s.comment is distinct from :'mark'
        ) then 'kept'
        else 'shipped'
    end, true);
end $kept$;
