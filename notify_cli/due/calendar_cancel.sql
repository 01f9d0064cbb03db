-- A calendar holds meetings to come of a group that its owner has left, or that has none any more: the series goes.
with held as materialized (
    -- the newest version of each series with something to come: `until` never falls from one version to the next
    select distinct on (v.series)
        v.*,
        split_part(split_part(v.series, '/', 1), '_', 2)::int as group_id,
        split_part(v.series, '_', 3)::int as user_id
    from (
        select
            l.reminder_id,
            l.calendar ->> 'series' as series,
            (l.calendar ->> 'sequence')::int as sequence,
            l.calendar ->> 'method' as method,
            (l.calendar ->> 'until')::timestamptz as until
        from (
            select l.reminder_id, l.context -> 'calendar' as calendar
            from reminders_log l
            where l.context ? 'calendar'
                and l.context #>> '{calendar,until}' > to_char(:floor at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
                and (:user_ids is null or l.reminder_id = any(array(
                    select r.reminder_id from reminder_recipients_log r where r.user_id = any(:user_ids)
                )))
            offset 0 -- fenced off, so that each row is unpacked once
        ) as l
    ) as v
    order by v.series, v.sequence desc
),
-- the members of active groups, two roles once
stay as materialized (
    select distinct mb.group_id, mb.user_id
    from (select distinct h.group_id from held h) as live
    join notify.groups g on g.group_id = live.group_id
    join notify.members mb on mb.group_id = live.group_id
    where g.active and mb.active
),
going_on as materialized (
    select distinct m.group_id from notify.meetings m where m.starts_at > :now
)
select
    format('group_%s_calendar', held.group_id) as job_id,
    case
        when held.method = 'CANCEL' then format('seq%s', held.sequence)
        else format('seq%s', greatest(held.sequence, tried.sequence) + 1)
    end as occurrence,
    'calendar_cancel' as reminder_type,
    '{email}'::text[] as methods,
    held.user_id,
    held.group_id,
    null::int as meeting_id,
    :now as due_at,
    held.until as useful_until,
    null::timestamptz as joined_at,
    true as active,
    case
        when here.stays then 'not_applicable'
        when tried.in_vain then 'failed'
    end as exclusion,
    case
        when here.stays then 'still in the group'
        when tried.in_vain then 'the provider refused it as it is'
    end as note
from held
left join stay on stay.group_id = held.group_id and stay.user_id = held.user_id
left join going_on on going_on.group_id = held.group_id
cross join lateral (
    select stay.user_id is not null and (going_on.group_id is not null or exists (
        select from reminders_log l
        join notify.meetings m on m.group_id = held.group_id
        where l.reminder_id = held.reminder_id
            and going_on.group_id is null
            and l.context #> '{calendar,occurrences}' @> jsonb_build_array(jsonb_build_object('starts_at',
                to_char(m.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')))
    )) as stays
) as here
join reminders_log l on l.reminder_id = held.reminder_id
-- versions that were given up: their numbers are used, and what was refused for good is not tried again unchanged
cross join lateral (
    select
        coalesce(max(substring(t.notification_key from '/seq([0-9]{1,9})/')::int)
            filter (where t.job_id = format('group_%s_calendar', held.group_id)), 0) as sequence,
        coalesce(bool_or(
            t.context #>> '{refused,series}' = held.series
            and (t.context #>> '{refused,sequence}')::int >= held.sequence
            and t.context #>> '{refused,method}' = 'CANCEL'
            and coalesce(lower(p.email) = lower(t.context #>> '{refused,address}'), true)
        ), false) as in_vain
    from reminder_recipients_log r
    join reminders_log t on t.reminder_id = r.reminder_id
    left join notify.people p on p.user_id = r.user_id
    where r.user_id = held.user_id
        and t.delivery_status in ('failed', 'expired', 'cancelled')
        and not here.stays
) as tried
-- a CANCEL is repeated only where its outcome is unknown
where (held.method = 'REQUEST' or l.delivery_status = 'pending')
    -- nothing to come in the calendar: what has been is left there
    and (l.delivery_status <> 'delivered' or exists (
        select from jsonb_array_elements(l.context #> '{calendar,occurrences}') as o (meeting)
        where not here.stays
            and (o.meeting ->> 'starts_at')::timestamptz + make_interval(secs => (o.meeting ->> 'seconds')::int) > :floor
    ) or here.stays)
    -- never beside a version that is being sent at this moment
    and coalesce(l.claimed_until <= :now, true)
    -- a sweep asks for what goes out, `explain` for everything
    and (:verdicts is null or not here.stays)
    and (:group_ids is null or held.group_id = any(:group_ids))
    and (:user_ids is null or held.user_id = any(:user_ids))
    and :meeting_ids is null
