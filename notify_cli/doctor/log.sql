-- Whether the log can be written, and what it lacks.
select
    array(
        select privilege
        from unnest(array['select', 'insert', 'update', 'delete']) as privilege
        where not coalesce(has_table_privilege(to_regclass('reminders_log'), privilege), false)
    ) as missing_privileges,
    array(
        select wanted
        from unnest(array['pending', 'delivered', 'failed', 'cancelled', 'expired']) as wanted
        where not exists (
            select from pg_enum e
            where e.enumtypid = to_regtype('delivery_status') and e.enumlabel = wanted
        )
    ) as missing_statuses,
    array(
        select wanted
        from unnest(array['notify.throttle', 'notify.dm_channels', 'reminder_recipients_log']) as wanted
        where to_regclass(wanted) is null
    ) as missing_tables,
    array(
        select wanted
        from unnest(:indexes::text[]) as wanted
        where not exists (select from pg_index i where i.indexrelid = to_regclass(wanted) and i.indisvalid)
    ) as missing_indexes,
    -- the claim rests on it, whatever it is called
    exists (
        select from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = to_regclass('reminders_log') and i.indisunique and i.indisvalid
            and i.indnatts = 1 and a.attname = 'notification_key'
    ) as has_unique_key
