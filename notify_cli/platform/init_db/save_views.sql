-- Remember the views in schema notify, those that others are made of first, with the rights granted on them.
with recursive shown as (
    select c.oid, c.relname, c.relacl, c.reloptions, c.relowner
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'notify' and c.relkind = 'v'
),
rests_on as (
    select distinct r.ev_class as view, d.refobjid as other
    from pg_rewrite r
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    join shown s on s.oid = d.refobjid
    where r.ev_class <> d.refobjid
),
level as (
    select oid, 0 as depth from shown
    union all
    select r.view, l.depth + 1
    from level l
    join rests_on r on r.other = l.oid
)
insert into notify.saved_views (name, position, definition, options, comment, owner, rights)
select
    s.relname,
    (select max(l.depth) from level l where l.oid = s.oid),
    pg_get_viewdef(s.oid),
    array_to_string(s.reloptions, ', '),
    obj_description(s.oid, 'pg_class'),
    pg_get_userbyid(s.relowner),
    array(
        select format(
            'grant %s on notify.%I to %s%s', a.privilege_type, s.relname,
            case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
            case when a.is_grantable then ' with grant option' else '' end
        )
        from aclexplode(s.relacl) as a
        where a.grantee <> a.grantor
    )
from shown s
on conflict (name) do update
set position = excluded.position, definition = excluded.definition, options = excluded.options,
    comment = excluded.comment, owner = excluded.owner, rights = excluded.rights, saved_at = excluded.saved_at;
