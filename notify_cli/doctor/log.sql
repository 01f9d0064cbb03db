-- Whether the log can be written by this role, whether it has the key that the claim rests on, whatever it is called, and
-- which other tables have its name. No row where there is no log.
select
    format('%s.reminders_log', place.quoted) as name,
    current_user as role,
    array(
        select privilege
        from unnest('{select,insert,update,delete}'::text[]) as privilege
        where not has_table_privilege(log.oid, privilege)
    ) as missing_privileges,
    exists (
        select from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = log.oid and i.indisunique and i.indisvalid
            and i.indnatts = 1 and a.attname = 'notification_key'
    ) as has_unique_key,
    array(
        select format('%I.reminders_log', n.nspname)
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where c.relname = 'reminders_log' and c.relkind in ('r', 'p') and c.relpersistence <> 't' and c.oid <> log.oid
        order by 1
    ) as others,
    array(
        select format('%I.%I', n.nspname, t.typname)
        from pg_type t
        join pg_namespace n on n.oid = t.typnamespace
        where t.typname in ('delivery_method', 'delivery_status') and t.typtype = 'e'
            and not exists (select from pg_attribute a where a.atttypid = t.oid and not a.attisdropped)
        order by 1
    ) as idle_types
from (/* include ../log_schema */) as place
join pg_namespace ln on ln.nspname = place.schema
join pg_class log on log.relnamespace = ln.oid and log.relname = 'reminders_log'
order by 1
