-- Indexes that keep a sweep at the cost of its due window: on the log, and on the platform's tables where the views read
-- them. Each is made with a statement of its own, outside a transaction, and concurrently, so that a live table stays
-- writable. An index is `makeable` by who owns the table; a broken one is left of an attempt that was cut short, or of a
-- former release.
with wanted as (
    select
        w.name, w.relation, w.columns, w.kind, w.more,
        array_to_string(w.columns, ', ') as expressions, row_number() over () as line
    from (values
        -- one delivery per key, for all hosts: the claim rests on it
        ('reminders_log_notification_key_idx', 'reminders_log', '{notification_key}'::text[], 'unique index',
            ' where notification_key is not null'),
        -- rows to retry, expire or send later
        ('reminders_log_pending_idx', 'reminders_log', '{due_at}', 'index',
            ' where delivery_status = ''pending'' and notification_key is not null'),
        -- what was due in a time: audits, figures of the last day, what is old
        ('reminders_log_due_at_idx', 'reminders_log', '{due_at}', 'index', ' where notification_key is not null'),
        -- the log of one person, one group, one delivery
        ('reminder_recipients_log_reminder_idx', 'reminder_recipients_log', '{reminder_id}', 'index', ''),
        ('reminder_recipients_log_user_idx', 'reminder_recipients_log', '{user_id}', 'index', ''),
        -- the platform's tables, by the columns the rules' windows run over
        ('notify_meetings_scheduled_time_idx', 'meetings', '{scheduled_time_utc}', 'index', ''),
        ('notify_meetings_group_idx', 'meetings', '{group_id,scheduled_time_utc}', 'index', ''),
        ('notify_meetings_created_at_idx', 'meetings', '{created_at}', 'index', ''),
        ('notify_groups_users_group_idx', 'groups_users', '{group_id}', 'index', ''),
        ('notify_groups_users_user_idx', 'groups_users', '{user_id}', 'index', ''),
        ('notify_groups_users_joined_at_idx', 'groups_users', '{joined_at}', 'index', ''),
        ('notify_courses_users_user_idx', 'courses_users', '{user_id}', 'index', ''),
        ('notify_courses_users_created_at_idx', 'courses_users', '{created_at}', 'index', ''),
        ('notify_lesson_sessions_user_idx', 'lesson_sessions', '{user_id,lesson_id}', 'index', ''),
        ('notify_lesson_sessions_started_at_idx', 'lesson_sessions', '{started_at}', 'index', '')
    ) as w (name, relation, columns, kind, more)
),
-- the tables that the views read, and the log
indexed as (
    select t.oid, t.relname, t.relowner, n.nspname
    from pg_class t
    join pg_namespace n on n.oid = t.relnamespace
    where t.relkind = 'r' and (t.oid in (
        select d.refobjid
        from pg_rewrite r
        join pg_class v on v.oid = r.ev_class
        join pg_namespace vn on vn.oid = v.relnamespace and vn.nspname = 'notify'
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
    ) or t.relname in ('reminders_log', 'reminder_recipients_log') and n.nspname = (
        select log.schema from (/* include ../log_schema */) as log limit 1
    ))
)
select
    w.name,
    pg_get_userbyid(t.relowner) as owner,
    coalesce(i.indisvalid and not covers.others, false) as ready,
    pg_has_role(t.relowner, 'usage') as makeable,
    format('create %s concurrently if not exists %I on %I.%I (%s)%s', w.kind, w.name, t.nspname, t.relname, w.expressions,
        w.more) as make,
    i.indexrelid is not null as present,
    covers.others or not i.indisvalid and not exists (
        select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid
    ) as broken,
    format('drop index concurrently if exists %I.%I', t.nspname, w.name) as remove
from wanted w
join indexed t on t.relname = w.relation
left join pg_index i on i.indexrelid = to_regclass(format('%I.%I', t.nspname, w.name)) and i.indrelid = t.oid
-- the rows of other writers too, as one of a former release does: it refuses what they may write
cross join lateral (
    select coalesce(
        w.more like '%notification_key%' and pg_get_expr(i.indpred, i.indrelid) not like '%notification_key%', false
    ) as others
) as covers
where (select count(*) from pg_attribute a where a.attrelid = t.oid and a.attname = any(w.columns) and not a.attisdropped)
    = cardinality(w.columns)
order by w.line
