-- A member's calendar shows other meetings than the group has, or is at an address they do not use any more: the whole
-- series again, under the next SEQUENCE. What a calendar holds is the newest version in the log that was sent and may
-- have arrived.
with held as materialized (
    -- the newest version of each series with something to come: `until` never falls from one version to the next
    select distinct on (v.series)
        v.*,
        split_part(split_part(v.series, '/', 1), '_', 2)::bigint as group_id,
        split_part(split_part(v.series, '_', 3), '~', 1)::bigint as user_id
    from (
        select
            l.reminder_id, l.delivery_status, l.job_id, l.claimed_until, l.series,
            l.sequence::int as sequence,
            l.method, l.schedule, l.address,
            /* include ../../log/until */ as until
        from (
            select
                l.reminder_id, l.delivery_status, l.job_id, l.claimed_until,
                l.calendar ->> 'series' as series,
                l.calendar ->> 'sequence' as sequence,
                l.calendar ->> 'method' as method,
                l.calendar ->> 'schedule' as schedule,
                l.calendar ->> 'address' as address,
                l.calendar ->> 'until' as until
            from (
                select l.reminder_id, l.delivery_status, l.job_id, l.claimed_until, l.context -> 'calendar' as calendar
                from (/* include /log/own */) as l
                where l.context ? 'calendar'
                    and l.context #>> '{calendar,until}' > to_char(:floor at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
                    and (:user_ids::bigint[] is null or l.reminder_id = any(array(
                        select r.reminder_id from :"log".reminder_recipients_log r
                        where r.user_id = any(:user_ids::bigint[])
                    )))
                offset 0 -- keeps the planner from flattening this: each row's JSON is unpacked once
            ) as l
            offset 0
        ) as l
        where /* include ../../log/whole_version */
        offset 0
    ) as v
    order by v.series, v.sequence desc
),
-- the members of all groups with something to come, in the tables or in somebody's calendar; two roles are one stay
stay as materialized (
    select distinct on (mb.group_id, mb.user_id) mb.group_id, mb.user_id, mb.joined_at
    from (
        select m.group_id
        from notify.meetings m
        where m.starts_at > :floor
            and (:user_ids::bigint[] is null or m.group_id = any(array(
                select mb.group_id from notify.members mb where mb.user_id = any(:user_ids::bigint[])
            )))
        union
        select h.group_id from held h
    ) as live
    cross join lateral (
        -- OFFSET 0 keeps the planner from flattening this subquery; otherwise all members there ever were are scanned
        select * from notify.members mb where mb.group_id = live.group_id offset 0
    ) as mb
    where mb.active
        and (:group_ids::bigint[] is null or mb.group_id = any(:group_ids::bigint[]))
        and (:user_ids::bigint[] is null or mb.user_id = any(:user_ids::bigint[]))
        and :meeting_ids::bigint[] is null
    order by mb.group_id, mb.user_id, mb.joined_at
),
version as materialized (
    select
        h.group_id, h.user_id, h.reminder_id, h.delivery_status, h.job_id, h.claimed_until,
        h.sequence, h.method, h.schedule, h.address, h.until
    from held h
    union all
    -- that of a series which had ended when its group got new meetings
    select s.group_id, s.user_id, ended.*
    from stay s
    cross join lateral (
        select
            l.reminder_id, l.delivery_status, l.job_id, l.claimed_until, l.sequence::int, l.method, l.schedule, l.address,
            /* include ../../log/until */
        from (
            select
                l.reminder_id, l.delivery_status, l.job_id, l.claimed_until,
                l.context #>> '{calendar,series}' as series,
                l.context #>> '{calendar,sequence}' as sequence,
                l.context #>> '{calendar,method}' as method,
                l.context #>> '{calendar,schedule}' as schedule,
                l.context #>> '{calendar,address}' as address,
                l.context #>> '{calendar,until}' as until
            from (/* include /log/own */) as l
            where l.context ? 'calendar'
                and l.context #>> '{calendar,series}' = format('group_%s/user_%s', s.group_id, s.user_id) || :mark::text
            offset 0
        ) as l
        where /* include ../../log/whole_version */
        order by l.sequence::int desc
        limit 1
    ) as ended
    where (s.group_id, s.user_id) in (
        select group_id, user_id from stay except select group_id, user_id from held
    )
),
-- md5 of each group's meetings. Must equal what calendar/invites.py computes; equal means up to date
schedule as materialized (
    select
        m.group_id,
        md5(string_agg(m.line, ',' order by m.line collate "C")) as word,
        max(m.ends_at) as ends_at,
        bool_or(m.starts_at > :now) as goes_on,
        min(m.created_at) as first_created_at
    from (
        select
            a.group_id, a.starts_at, a.created_at,
            a.starts_at + make_interval(mins => a.minutes) as ends_at,
            format('%s/%s/%s', extract(epoch from date_trunc('second', a.starts_at))::bigint, a.minutes, a.join_url)
                as line
        from (
            select
                kept.group_id, m.starts_at, m.created_at, m.join_url,
                case when /* include ../../platform/possible_length */
                    then m.duration_minutes else :meeting_minutes::int end as minutes
            -- group by group, by index: the past of all the others is none of its business
            from (select distinct v.group_id from version v) as kept
            cross join lateral (
                -- only these columns: some that a platform may lack take long to look for
                select m.starts_at, m.duration_minutes, m.join_url, m.created_at
                from notify.meetings m
                where m.group_id = kept.group_id
                    and /* include ../../platform/possible_time */
                offset 0
            ) as m
            offset 0
        ) as a
    ) as m
    group by m.group_id
),
-- FULL JOINs on purpose: PostgreSQL estimates such sets wrongly and may loop over one of them for each row of another,
-- but not in a full join.
member as materialized (
    select
        group_id, user_id, stay.user_id is not null as belongs, stay.joined_at,
        version.reminder_id, version.delivery_status, version.job_id, version.claimed_until,
        version.sequence, version.method, version.schedule, version.address, version.until,
        schedule.word, schedule.ends_at, schedule.goes_on, schedule.first_created_at
    from stay
    full join version using (group_id, user_id)
    full join schedule using (group_id)
)
select
    case
        when calendar.shows and calendar.settled or calendar.sent_again then member.sequence
        else greatest(member.sequence, tried.sequence) + 1
    end as sequence,
    member.user_id,
    member.group_id,
    null as meeting_id,
    null as session_id,
    null as occurs_at,
    :now as due_at,
    greatest(member.until, member.ends_at) as useful_until,
    null as joined_at,
    true as active,
    case
        when calendar.shows and calendar.settled then 'sent'
        when invitation.comes then 'not_applicable'
        when tried.in_vain then 'failed'
    end as exclusion,
    case
        when calendar.shows and calendar.settled then 'the calendar shows the meetings as they are'
        -- it is on its way, or is tried again, and will say what is true then
        when invitation.comes then 'the invitation itself is still to come'
        when tried.in_vain then 'the provider refused it as it is'
    end as note
from member
cross join lateral (
    select coalesce(lower(p.email) = lower(member.address), true) as same
    from (select) as one
    left join notify.people p on p.user_id = member.user_id
    offset 0
) as address
cross join lateral (
    select member.delivery_status = 'delivered' and coalesce(
        member.method = 'REQUEST' and member.schedule = member.word and address.same, false) as quiet
) as glance
-- The meetings one by one, only where the md5 differs.
left join lateral (
    select case when member.method = 'REQUEST' then l.context #> '{calendar,occurrences}' else '[]' end as meetings
    from (/* include /log/own */) as l
    where l.reminder_id = member.reminder_id and not glance.quiet
    offset 0
) as held on true
cross join lateral (
    select
        coalesce(jsonb_agg(m.meeting), '[]') as every,
        -- keep past meetings that were in the invite, never add past ones
        coalesce(jsonb_agg(m.meeting) filter (where m.starts_at > :now
            or held.meetings @> jsonb_build_array(m.meeting - 'seconds' - 'join_url')), '[]') as wanted
    from (
        select
            date_trunc('second', m.starts_at) as starts_at,
            jsonb_build_object(
                'starts_at', to_char(m.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
                'seconds', 60 * case when /* include ../../platform/possible_length */
                    then m.duration_minutes else :meeting_minutes::int end,
                'join_url', nullif(m.join_url, '')
            ) as meeting
        from notify.meetings m
        where m.group_id = member.group_id and not glance.quiet
            and /* include ../../platform/possible_time */
    ) as m
) as planned
cross join lateral (
    select found.shows, found.settled,
        -- an update whose outcome is unknown is sent again as it was
        found.shows and member.delivery_status = 'pending'
            and member.job_id = format('group_%s_calendar', member.group_id) as sent_again
    from (
        select
            member.delivery_status = 'delivered' as settled,
            glance.quiet or member.method = 'REQUEST' and address.same
                and planned.every @> held.meetings and held.meetings @> planned.wanted as shows
        offset 0
    ) as found
    offset 0
) as calendar
-- versions that were given up: their numbers are used, and what was refused for good is not tried again unchanged
cross join lateral (
    select
        coalesce(max(substring(t.notification_key from '/seq([0-9]{1,9})/')::int)
            filter (where t.job_id = format('group_%s_calendar', member.group_id)), 0) as sequence,
        coalesce(bool_or(
            t.context #>> '{refused,series}' = format('group_%s/user_%s', member.group_id, member.user_id) || :mark::text
            and t.context #> '{refused,sequence}' >= to_jsonb(member.sequence)
            and t.context #>> '{refused,method}' = 'REQUEST'
            and coalesce(lower(p.email) = lower(t.context #>> '{refused,address}'), true)
            and planned.every @> (t.context #> '{refused,occurrences}')
            and t.context #> '{refused,occurrences}' @> planned.wanted
        ), false) as in_vain
    from :"log".reminder_recipients_log r
    join (/* include /log/own */) as t on t.reminder_id = r.reminder_id
    left join notify.people p on p.user_id = r.user_id
    where r.user_id = member.user_id
        and t.delivery_status in ('failed', 'expired', 'cancelled')
        and not (calendar.shows and calendar.settled)
) as tried
cross join lateral (
    select exists (
        select from notify.groups g
        where g.group_id = member.group_id
            and g.discord_channel_id is not null
            and member.goes_on
            and greatest(member.joined_at, member.first_created_at) > :now - interval '168 hours'
            and 'group_assigned' <> all(:disabled::text[])
            and not (calendar.shows and calendar.settled)
    ) and not exists (
        select from :"log".reminders_log t
        cross join lateral (
            select format('group_%s_assigned/%s/', member.group_id, coalesce(
                to_char(member.joined_at at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'), '-')) as told
        ) as key
        where t.notification_key in
            (key.told || 'email/user_' || member.user_id || :mark::text, key.told || 'cancelled' || :mark::text)
            and t.delivery_status <> 'pending'
    ) as comes
) as invitation
where member.belongs
    and member.reminder_id is not null
    and (glance.quiet or planned.wanted <> '[]')
    -- never beside a version that is being sent at this moment
    and coalesce(member.claimed_until <= :now, true)
    and greatest(member.until, member.ends_at) > :floor
    -- a sweep asks for what goes out, `explain` for everything
    and (:verdicts::text[] is null or not (calendar.shows and calendar.settled))
