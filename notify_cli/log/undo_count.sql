-- Take back the last baseline, exactly: what it wrote goes, what waited before it waits again.
with last as (
    select l.reminder_id, l.context ? 'waited' as waited
    from :"log".reminders_log l
    where l.delivery_status = 'cancelled'
        -- as own.sql has it, which cannot be locked
        and (l.notification_key like '%~rehearsal') = (:mark::text <> '')
        and l.context ->> 'baseline' = (
            select max(o.context ->> 'baseline')
            from (/* include /log/own */) as o
            where o.delivery_status = 'cancelled' and o.context ? 'baseline'
        )
    for update
),
waiting as (
    update :"log".reminders_log l
    set delivery_status = 'pending', delivery_error = null, context = nullif(l.context - '{baseline,waited}'::text[], '{}')
    from last
    where l.reminder_id = last.reminder_id and last.waited
    returning l.notification_key
),
-- a platform's own log may not delete them by itself
addressed as (
    delete from :"log".reminder_recipients_log r
    using last
    where r.reminder_id = last.reminder_id and not last.waited
),
gone as (
    delete from :"log".reminders_log l
    using last
    where l.reminder_id = last.reminder_id and not last.waited
    returning l.notification_key
)
select notification_key from waiting union all select notification_key from gone
