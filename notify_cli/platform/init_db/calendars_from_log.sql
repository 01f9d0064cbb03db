-- What calendars hold, from a log of the time before notify.calendars: once, the newest version of each series that may
-- have arrived. A row that cannot be read is left out.
do $from_log$
declare
    version record;
begin
    begin
        -- they refuse rows that other writers may write
        drop index if exists reminders_log_calendar_version_idx, reminders_log_calendar_until_idx;
    exception when insufficient_privilege then
        raise notice 'an index on the log that is not needed any more belongs to somebody else: %', sqlerrm;
    end;
    if exists (select from notify.calendars) then
        return;
    end if;
    for version in
        select l.context -> 'calendar' as calendar, l.delivery_status::text as status, l.reminder_type
        from reminders_log l
        where l.notification_key not like '%~rehearsal' and l.context ? 'calendar'
        order by l.reminder_id desc
    loop
        begin
            insert into notify.calendars as c (
                group_id, user_id, uid, sequence, method, medium, certain, reminder_type, address, group_name, dtstamp,
                ics, until, live_until, meeting_ids, numbers, starts, minutes, links
            )
            select
                split_part(split_part(version.calendar ->> 'series', '/', 1), '_', 2)::bigint,
                split_part(version.calendar ->> 'series', '/user_', 2)::bigint,
                version.calendar ->> 'uid', (version.calendar ->> 'sequence')::int, version.calendar ->> 'method',
                'email', version.status = 'delivered', version.reminder_type, version.calendar ->> 'address',
                version.calendar ->> 'group_name', (version.calendar ->> 'dtstamp')::timestamptz,
                case when version.status <> 'delivered' then version.calendar ->> 'ics' end,
                (version.calendar ->> 'until')::timestamptz, (version.calendar ->> 'until')::timestamptz,
                -- versions of that time do not say which meetings they show: the same by their time, else none
                coalesce(array_agg(coalesce(m.meeting_id, -o.place) order by o.place), '{}'),
                coalesce(array_agg(null::int order by o.place), '{}'),
                coalesce(array_agg(o.starts_at order by o.place), '{}'),
                coalesce(array_agg((o.seconds / 60)::int order by o.place), '{}'),
                coalesce(array_agg(o.join_url order by o.place), '{}')
            from rows from (
                jsonb_to_recordset(version.calendar -> 'occurrences') as (starts_at timestamptz, seconds bigint, join_url text)
            ) with ordinality as o (starts_at, seconds, join_url, place)
            left join lateral (
                select min(m.meeting_id) as meeting_id
                from notify.meetings m
                where m.group_id::text = split_part(split_part(version.calendar ->> 'series', '/', 1), '_', 2)
                    and date_trunc('second', m.starts_at) = o.starts_at
            ) as m on true
            on conflict (group_id, user_id, rehearsal, series) do update
            set uid = excluded.uid, sequence = excluded.sequence, method = excluded.method, certain = excluded.certain,
                reminder_type = excluded.reminder_type, address = excluded.address, group_name = excluded.group_name,
                dtstamp = excluded.dtstamp, ics = excluded.ics,
                until = greatest(c.until, excluded.until), live_until = greatest(c.until, excluded.until),
                meeting_ids = excluded.meeting_ids, numbers = excluded.numbers, starts = excluded.starts,
                minutes = excluded.minutes, links = excluded.links
            where c.sequence < excluded.sequence;
        exception when others then
            raise notice 'a calendar in the log cannot be read: %', sqlerrm;
        end;
    end loop;
end $from_log$;
