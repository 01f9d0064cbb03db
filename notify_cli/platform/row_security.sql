-- Tables whose row-level security applies to the one who reads them: to the owner of the view over them, which need not be
-- the role that asks the view, and for the log to the role itself. Without a policy for them every row is hidden.
with recursive reads (relation, reader, view) as (
    select v.oid, (select r.oid from pg_roles r where r.rolname = current_user), null::oid
    from pg_class v
    join pg_namespace n on n.oid = v.relnamespace
    where n.nspname = 'notify' and v.relkind = 'v' or v.relname in ('reminders_log', 'reminder_recipients_log')
        and n.nspname = (select log.schema from (/* include ../log_schema */) as log limit 1)
    union
    select
        d.refobjid,
        case when 'security_invoker=true' = any(v.reloptions) or 'security_invoker=on' = any(v.reloptions)
            then reads.reader else v.relowner end,
        v.oid
    from reads
    join pg_class v on v.oid = reads.relation and v.relkind = 'v'
    join pg_rewrite r on r.ev_class = v.oid
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    where d.refobjid <> v.oid
)
select distinct
    format('%I.%I', tn.nspname, t.relname) as table,
    quote_ident(role.rolname) as reader,
    case when v.oid is not null then format('%I.%I', vn.nspname, v.relname) end as view,
    not exists (
        select from pg_policy p
        where p.polrelid = t.oid and p.polpermissive and p.polcmd in ('r', '*')
            and (p.polroles = '{0}' or exists (
                select from unnest(p.polroles) as allowed (oid) where pg_has_role(role.oid, allowed.oid, 'usage')
            ))
    ) as hides_all
from reads
join pg_class t on t.oid = reads.relation and t.relrowsecurity
join pg_namespace tn on tn.oid = t.relnamespace
join pg_roles role on role.oid = reads.reader
left join pg_class v on v.oid = reads.view
left join pg_namespace vn on vn.oid = v.relnamespace
where not role.rolsuper and not role.rolbypassrls
    and (t.relforcerowsecurity or not pg_has_role(role.oid, t.relowner, 'usage'))
order by 1, 3
