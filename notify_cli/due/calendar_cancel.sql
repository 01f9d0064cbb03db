-- A calendar holds meetings to come of a group that its owner has left, or that has none any more: the series goes.
select
    format('group_%s_calendar', held.group_id) as job_id,
    case when held.method = 'CANCEL' then 'seq' || held.sequence else 'seq' || held.sequence + 1 end as occurrence,
    'calendar_cancel' as reminder_type,
    '{email}'::text[] as methods,
    held.user_id,
    held.group_id,
    null::int as meeting_id,
    :now as due_at,
    held.until as useful_until,
    null::timestamptz as joined_at,
    true as active,
    case when now_a.member then 'not_applicable' end as exclusion,
    case when now_a.member then 'still in the group' end as note
from (
    select
        l.reminder_id, l.delivery_status, l.claimed_until,
        l.context #>> '{calendar,series}' as series,
        l.context #>> '{calendar,method}' as method,
        (l.context #>> '{calendar,sequence}')::int as sequence,
        (l.context #>> '{calendar,until}')::timestamptz as until,
        l.context #> '{calendar,occurrences}' as meetings,
        split_part(split_part(l.context #>> '{calendar,series}', '/', 1), '_', 2)::int as group_id,
        split_part(l.context #>> '{calendar,series}', '_', 3)::int as user_id
    from reminders_log l
    where l.context ? 'calendar'
        and l.context #>> '{calendar,until}' > to_char(:floor at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
) as held
cross join lateral (
    select exists (
        select from notify.members mb
        where mb.group_id = held.group_id and mb.user_id = held.user_id and mb.active
    ) and exists (
        select from notify.groups g where g.group_id = held.group_id and g.active
    ) and exists (
        select from notify.meetings m
        where m.group_id = held.group_id
            and (m.starts_at > :now or held.meetings @> jsonb_build_array(jsonb_build_object('starts_at',
                to_char(m.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))))
    ) as member
) as now_a
-- only the last version counts, and a CANCEL only where its outcome is unknown
where not exists (
        select from reminders_log later
        where later.context ? 'calendar'
            and later.context #>> '{calendar,series}' = held.series
            and ((later.context #>> '{calendar,sequence}')::int, later.reminder_id) > (held.sequence, held.reminder_id)
    )
    and (held.method = 'REQUEST' or held.delivery_status = 'pending')
    and coalesce(held.claimed_until <= :now, true)
    and (:group_ids is null or held.group_id = any(:group_ids))
    and (:user_ids is null or held.user_id = any(:user_ids))
    and :meeting_ids is null
