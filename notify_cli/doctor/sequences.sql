-- The numbers that the log draws its ids from, and how many of them are used up. Null where the role may not look.
select
    format('%I.%I.%I', n.nspname, t.relname, a.attname) as name,
    a.attname as column,
    s.last_value as used,
    least(s.max_value, case a.atttypid
        when 'int2'::regtype then 32767
        when 'int4'::regtype then 2147483647
        else 9223372036854775807
    end) as most
from (/* include ../log_schema */) as place
join pg_namespace n on n.nspname = place.schema
join pg_class t on t.relnamespace = n.oid and t.relname in ('reminders_log', 'reminder_recipients_log')
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid and d.refobjsubid = a.attnum
    and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
join pg_class c on c.oid = d.objid and c.relkind = 'S'
join pg_namespace cn on cn.oid = c.relnamespace
join pg_sequences s on s.schemaname = cn.nspname and s.sequencename = c.relname
order by 1
