-- Remove all that is ours, and nothing else: what somebody else has built on it stops this, by PostgreSQL's own error.
do $uninstall$
declare
    log constant text := (select place.schema from (/* include ../log_schema */) as place limit 1);
    names text;
begin
    perform set_config('search_path', '', true);
    select string_agg(format('notify.%I', v.viewname), ', ') into names from pg_views v where v.schemaname = 'notify';
    if names is not null then
        execute 'drop view ' || names;
    end if;
    if log <> 'notify' then
        perform set_config('search_path', quote_ident(log), true);
        delete from reminder_recipients_log r
        using reminders_log l
        where l.reminder_id = r.reminder_id and l.notification_key is not null;
        delete from reminders_log where notification_key is not null;
        select string_agg(format('drop column if exists %I', c.column), ', ') into names
        from (/* include contract */) as c (relation, "column", kind, need, definition)
        where c.relation = 'reminders_log' and c.need = 'added';
        execute 'alter table reminders_log ' || names;
    end if;
    select string_agg(format('notify.%I', t.tablename), ', ') into names
    from pg_tables t
    where t.schemaname = 'notify' and (
        t.tablename in ('reminders_log', 'reminder_recipients_log') or exists (
            select from (/* include rights_wanted */) as w (relation, rights)
            where w.relation = 'notify.' || t.tablename
        )
    );
    if names is not null then
        execute 'drop table ' || names;
    end if;
    drop type if exists notify.delivery_method, notify.delivery_status;
    drop schema notify;
end $uninstall$;
