-- A table, or the partitioned one that it is a part of, and whether an index of it begins with this expression. The
-- expression is as a plan shows it, without the table's alias; a string column is shown as cast to text.
select
    root.oid as oid,
    format('%I.%I', n.nspname, root.relname) as name,
    root.relkind = 'p' as is_partitioned,
    coalesce(quote_ident(a.attname), format('(%s)', :expression::text)) as key,
    exists (
        select from pg_index i
        where i.indrelid = root.oid and i.indisvalid and i.indpred is null
            and btrim(pg_get_indexdef(i.indexrelid, 1, false), '()')
                = btrim(coalesce(quote_ident(a.attname), :expression::text), '()')
    ) as is_indexed
from pg_class t
join pg_namespace tn on tn.oid = t.relnamespace
join pg_class root on root.oid = coalesce(pg_partition_root(t.oid), t.oid)
join pg_namespace n on n.oid = root.relnamespace
left join pg_attribute a on a.attrelid = t.oid and not a.attisdropped and (
    quote_ident(a.attname) = :expression::text
    or format('(%I)::text', a.attname) = :expression::text
        and exists (select from pg_type y where y.oid = a.atttypid and y.typcategory = 'S')
)
where tn.nspname = :schema::text and t.relname = :table::text
