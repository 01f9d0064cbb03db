-- Where the log is: a row for the table, or for each of several that may be meant. The one with our columns, of several
-- the one with our unique key (a copy by `create table as` has none); else the platform's own, which is in any schema but
-- ours. No row: there is no log yet.
select
    named.schema,
    quote_ident(named.schema) as quoted,
    max(named.type) filter (where named.column = 'delivery_method') as delivery_method,
    max(named.type) filter (where named.column = 'delivery_status') as delivery_status
from (
    select
        n.nspname as schema,
        a.attname as column,
        format('%I.%I', tn.nspname, t.typname) as type,
        rank() over (order by ours.has_column desc, ours.has_key desc, n.nspname <> 'notify' desc) as place
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    join pg_namespace tn on tn.oid = t.typnamespace
    cross join lateral (
        select
            count(*) > 0 as has_column,
            coalesce(bool_or(exists (
                select from pg_index i
                where i.indrelid = c.oid and i.indisunique and i.indisvalid
                    and i.indnatts = 1 and i.indkey[0] = k.attnum
            )), false) as has_key
        from pg_attribute k
        where k.attrelid = c.oid and k.attname = 'notification_key' and not k.attisdropped
    ) as ours
    where c.relname = 'reminders_log' and c.relkind in ('r', 'p') and c.relpersistence <> 't'
) as named
where named.place = 1
group by named.schema
order by named.schema
