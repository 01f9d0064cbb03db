-- What a role must be allowed for every command but init-db and uninstall, and what of it :role lacks.
with place as (
    /* include ../log_schema */
),
wanted as (
    select w.relation, w.rights::text[] as rights
    from (/* include rights_wanted */) as w (relation, rights)
    union all
    select distinct c.relation, '{select}'::text[]
    from (/* include contract */) as c (relation, "column", kind, need, definition)
    where c.relation like 'notify.%'
),
relation as (
    select c.oid, format('%I.%I', n.nspname, c.relname) as name, n.oid as schema, n.nspname, w.rights
    from wanted w
    left join place on true
    join pg_namespace n on n.nspname = case when w.relation like 'notify.%' then 'notify' else place.schema end
    join pg_class c on c.relnamespace = n.oid and c.relname = split_part(w.relation, '.', case when w.relation like 'notify.%' then 2 else 1 end)
),
role as (
    select r.oid, quote_ident(r.rolname) as name from pg_roles r where r.rolname = :role::text
)
select
    o.object, o.rights,
    array(select one from unnest(o.rights) as one, role where not case o.kind
        when 'schema' then has_schema_privilege(role.oid, o.oid, one)
        when 'sequence' then has_sequence_privilege(role.oid, o.oid, one)
        else has_table_privilege(role.oid, o.oid, one)
    end) as missing
from (
    select distinct 'schema' as kind, r.schema as oid, format('schema %I', r.nspname) as object, '{usage}'::text[] as rights
    from relation r
    union all
    -- the sequences that defaults of the log draw from; those of identity columns need no right
    select distinct 'sequence', s.oid, format('sequence %I.%I', sn.nspname, s.relname), '{usage}'::text[]
    from relation r
    join pg_attrdef a on a.adrelid = r.oid
    join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid and d.refclassid = 'pg_class'::regclass
    join pg_class s on s.oid = d.refobjid and s.relkind = 'S'
    join pg_namespace sn on sn.oid = s.relnamespace
    where 'insert' = any(r.rights)
    union all
    select 'table', r.oid, 'table ' || r.name, r.rights from relation r
) as o
order by o.kind, o.object
