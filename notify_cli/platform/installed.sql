-- The log, whether it is ours or the platform's, and the enum that keeps the values which were added to it. No row where
-- there is no schema notify, or no log.
select
    format('%s.reminders_log', place.quoted) as log,
    place.schema = 'notify' as is_ours,
    (
        select format('%I.%I', n.nspname, t.typname)
        from pg_type t
        join pg_namespace n on n.oid = t.typnamespace
        where t.typtype = 'e' and format('%I.%I', n.nspname, t.typname) = place.delivery_status
    ) as enum
from (/* include ../log_schema */) as place
where to_regnamespace('notify') is not null
