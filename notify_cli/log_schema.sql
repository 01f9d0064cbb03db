-- Where the log is: a row for the table, or for each of several that may be meant. The one with our columns, of several
-- the one with our unique key (a copy by `create table as` has none); else the platform's own, which is in any schema but
-- ours. No row: there is no log yet.
select place.schema, quote_ident(place.schema) as quoted, place.delivery_method, place.delivery_status
from (
    select
        n.nspname as schema,
        max(k.type) filter (where k.name = 'delivery_method') as delivery_method,
        max(k.type) filter (where k.name = 'delivery_status') as delivery_status,
        rank() over (order by
            coalesce(bool_or(k.name = 'notification_key'), false) desc,
            coalesce(bool_or(k.is_key), false) desc,
            n.nspname <> 'notify' desc
        ) as rank
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join lateral (
        select
            a.attname as name,
            t.typnamespace::regnamespace::text || '.' || quote_ident(t.typname) as type,
            a.attname = 'notification_key' and exists (
                select from pg_index i
                where i.indrelid = a.attrelid and i.indisunique and i.indisvalid
                    and i.indnatts = 1 and i.indkey[0] = a.attnum
            ) as is_key
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attname in ('notification_key', 'delivery_method', 'delivery_status')
    ) as k on true
    where c.relname = 'reminders_log' and c.relkind in ('r', 'p') and c.relpersistence <> 't'
    group by c.oid, n.nspname
) as place
where place.rank = 1
order by place.schema
