-- A member's calendar shows other meetings than the group has: the whole series again, under the next SEQUENCE.
-- What the calendar holds is the last invite in the log that was sent and may have arrived.
select
    format('group_%s_calendar', stay.group_id) as job_id,
    case when retry.same then 'seq' || held.sequence else 'seq' || held.sequence + 1 end as occurrence,
    'calendar_update' as reminder_type,
    '{email}'::text[] as methods,
    stay.user_id,
    stay.group_id,
    null::int as meeting_id,
    :now as due_at,
    greatest(held.until, wanted.until) as useful_until,
    null::timestamptz as joined_at,
    stay.active,
    case
        when held.method = 'REQUEST' and held.meetings = wanted.meetings and not retry.same then 'sent'
        -- the first invite is on its way (or is tried again), and will say what is true then
        when invitation.comes then 'not_applicable'
    end as exclusion,
    case
        when held.method = 'REQUEST' and held.meetings = wanted.meetings and not retry.same
            then 'the calendar shows the meetings as they are'
        when invitation.comes then 'the invitation itself is still to come'
    end as note
-- groups with something to come, in the tables or in somebody's calendar
from (
    select m.group_id from notify.meetings m where m.starts_at > :floor
    union
    select split_part(split_part(l.context #>> '{calendar,series}', '/', 1), '_', 2)::int
    from reminders_log l
    where l.context ? 'calendar'
        and l.context #>> '{calendar,until}' > to_char(:floor at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
) as live
cross join lateral (
    select distinct on (mb.user_id) mb.group_id, mb.user_id, mb.joined_at, mb.active
    from notify.members mb
    where mb.group_id = live.group_id and mb.active
    order by mb.user_id, mb.joined_at
) as stay
cross join lateral (
    select
        l.delivery_status, l.job_id, l.claimed_until,
        l.context #>> '{calendar,method}' as method,
        (l.context #>> '{calendar,sequence}')::int as sequence,
        (l.context #>> '{calendar,until}')::timestamptz as until,
        l.context #> '{calendar,occurrences}' as meetings
    from reminders_log l
    where l.context ? 'calendar'
        and l.context #>> '{calendar,series}' = format('group_%s/user_%s', stay.group_id, stay.user_id)
    order by (l.context #>> '{calendar,sequence}')::int desc, l.reminder_id desc
    limit 1
) as held
-- all meetings to come, and of the past ones those that the calendar holds: one that merely passes changes nothing
cross join lateral (
    select
        -- in the order in which the log keeps them, so that equal is equal
        coalesce(jsonb_agg(m.meeting order by m.starts_at, m.minutes, coalesce(m.join_url, '') collate "C"), '[]')
            as meetings,
        max(m.starts_at + make_interval(mins => m.minutes)) as until
    from (
        select distinct
            date_trunc('second', d.starts_at) as starts_at,
            d.minutes,
            d.join_url,
            jsonb_build_object(
                'starts_at', to_char(d.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
                'seconds', d.minutes * 60,
                'join_url', d.join_url
            ) as meeting
        from (
            select a.starts_at, coalesce(a.duration_minutes, :meeting_minutes) as minutes, a.join_url
            from notify.meetings a
            where a.group_id = stay.group_id
        ) as d
    ) as m
    where m.starts_at > :now
        or held.method = 'REQUEST'
        and held.meetings @> jsonb_build_array(jsonb_build_object('starts_at', m.meeting -> 'starts_at'))
) as wanted
-- an update whose outcome is unknown is sent again as it was
cross join lateral (
    select held.delivery_status = 'pending' and held.method = 'REQUEST' and held.meetings = wanted.meetings
        and held.job_id = format('group_%s_calendar', stay.group_id) as same
) as retry
cross join lateral (
    select not exists (
        select from reminders_log l
        where l.delivery_status in ('delivered', 'failed')
            and l.notification_key = format('group_%s_assigned/%s/email/user_%s', stay.group_id, coalesce(
                to_char(stay.joined_at at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'), '-'), stay.user_id)
    ) and greatest(stay.joined_at, (
        select min(m.created_at) from notify.meetings m where m.group_id = stay.group_id
    )) > :now - interval '7 days' as comes
) as invitation
where wanted.meetings <> '[]'
    -- never beside a version that is being sent at this moment
    and coalesce(held.claimed_until <= :now, true)
    and greatest(held.until, wanted.until) > :floor
    and (:group_ids is null or stay.group_id = any(:group_ids))
    and (:user_ids is null or stay.user_id = any(:user_ids))
    and :meeting_ids is null
