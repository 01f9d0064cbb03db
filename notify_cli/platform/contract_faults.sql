-- What the database lacks of the contract, or has of another type: a row for each, none where all is well. A relation that
-- is `missing`, the names of a `column` or several that it has not, what is wrong with the `type` of a column, the
-- labels that an enum lacks as a `value`, the name of a column that must be able to be `null`, or that a table of the log
-- is `partitioned`.
with contract as (
    select c.*, row_number() over () as line
    from (/* include contract */) as c (relation, "column", kind, need, definition)
),
kind as (
    select * from (/* include contract_kinds */) as k (name, types, categories, wanted)
),
place as (
    /* include ../log_schema */
),
relation as (
    select distinct on (c.relation)
        c.relation,
        case when c.relation like 'notify.%' then c.relation else concat_ws('.', place.schema, c.relation) end as name,
        case
            when c.relation like 'notify.%' then to_regclass(c.relation)
            else to_regclass(place.quoted || format('.%I', c.relation))
        end as oid,
        bool_or(c.need <> 'optional') over (partition by c.relation) as is_needed,
        c.line
    from contract c
    left join place on true
    order by c.relation, c.line
),
present as (
    select
        r.relation, a.attname, a.attnotnull, a.atthasdef or a.attidentity <> '' as has_default,
        format_type(a.atttypid, a.atttypmod) as type,
        base.oid as typid, base.typname, base.typcategory
    from relation r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    -- a domain is as good as what it is made of
    join pg_type base on base.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
)
select
    found.name, found.kind, found.what,
    found.name || case found.kind
        when 'missing' then ' is missing'
        when 'column' then ' has no column ' || found.what
        when 'value' then ' has no value ' || found.what
        when 'null' then ' may not be null'
        when 'partitioned' then ' is partitioned, and then no key can be unique in all of it'
        else '.' || found.what
    end as fault
from (
    select r.line, r.name, 'missing' as kind, null as what
    from relation r
    where r.oid is null and r.is_needed
    union all
    select r.line, r.name, 'partitioned', null
    from relation r
    join pg_class c on c.oid = r.oid and c.relkind = 'p'
    where r.relation not like 'notify.%'
    union all
    select r.line, r.name, 'column', string_agg(c.column, ', ' order by c.line)
    from relation r
    join contract c on c.relation = r.relation
    left join present p on p.relation = c.relation and p.attname = c.column
    where r.oid is not null and p.attname is null and (c.need <> 'optional' or not r.is_needed)
    group by r.line, r.name
    union all
    select c.line, r.name, 'type', format('%s is %s, wanted %s', c.column, p.type, kind.wanted)
        || case when c.kind = 'id' and p.typname = 'uuid' then ' (docs/integrate.md: ids that are no numbers)' else '' end
    from relation r
    join contract c on c.relation = r.relation
    join present p on p.relation = c.relation and p.attname = c.column
    join kind on kind.name = c.kind
    where p.typname <> all(kind.types) and p.typcategory <> all(kind.categories)
    union all
    select c.line, format('%s.%s', r.name, c.column), 'value', string_agg(label, ', ')
    from relation r
    join contract c on c.relation = r.relation
    join present p on p.relation = c.relation and p.attname = c.column and p.typcategory = 'E'
    cross join lateral unnest(case c.column
        when 'delivery_method' then :'methods'::text[]
        when 'delivery_status' then :'statuses'::text[]
    end) as label
    where not exists (select from pg_enum e where e.enumtypid = p.typid and e.enumlabel = label)
    group by c.line, r.name, c.column
    union all
    -- a row of ours leaves it empty
    select coalesce(c.line, r.line), format('%s.%s', r.name, p.attname), 'null', p.attname::text
    from relation r
    join present p on p.relation = r.relation and p.attnotnull
    left join contract c on c.relation = r.relation and c.column = p.attname
    where r.relation not like 'notify.%'
        and case when c.column is null then not p.has_default else c.definition ~ '(?<!not) null$' end
) as found
order by found.line
