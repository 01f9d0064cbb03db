-- A calendar holds meetings to come of a group that its owner has left, or that has none any more: the series goes.
-- Settled: active members of active groups with a meeting to come. They keep their series and are skipped below.
with settled as materialized (
    select distinct mb.group_id::text as group_id, mb.user_id::text as user_id
    from (
        select distinct m.group_id
        from notify.meetings m
        where m.starts_at > :now
            and (:user_ids::bigint[] is null or m.group_id = any(array(
                select mb.group_id from notify.members mb where mb.user_id = any(:user_ids::bigint[])
            )))
    ) as live
    join notify.groups g on g.group_id = live.group_id
    cross join lateral (
        -- OFFSET 0 keeps the planner from flattening this subquery; otherwise all members there ever were are scanned
        select mb.group_id, mb.user_id, mb.active from notify.members mb where mb.group_id = live.group_id offset 0
    ) as mb
    where g.active and mb.active
),
-- Group and user of each version from the key of its row: cheaper than from the JSON. A FULL JOIN on purpose:
-- PostgreSQL estimates such sets wrongly and may loop over one of them for each row of the other, but not in this join.
placed as materialized (
    select l.reminder_id, s.user_id is not null as is_settled
    from (
        select
            l.reminder_id,
            case when l.job_id ~ '^group_[0-9]+_(assigned|calendar)$' then split_part(l.job_id, '_', 2) end as group_id,
            split_part(split_part(l.notification_key, '/user_', 2), '~', 1) as user_id
        from (/* include /log/own */) as l
        where l.context ? 'calendar'
            and l.context #>> '{calendar,until}' > to_char(:floor at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
            and (:user_ids::bigint[] is null or l.reminder_id = any(array(
                select r.reminder_id from :"log".reminder_recipients_log r where r.user_id = any(:user_ids::bigint[])
            )))
    ) as l
    full join settled s on s.group_id = l.group_id and s.user_id = l.user_id
),
held as materialized (
    -- the newest version of each series with something to come: `until` never falls from one version to the next
    select distinct on (v.series)
        v.*,
        split_part(split_part(v.series, '/', 1), '_', 2)::bigint as group_id,
        split_part(split_part(v.series, '_', 3), '~', 1)::bigint as user_id
    from (
        select
            l.reminder_id, l.delivery_status, l.claimed_until, l.series,
            l.sequence::int as sequence,
            l.method, l.address,
            /* include ../../log/until */ as until
        from (
            select
                one.reminder_id, one.delivery_status, one.claimed_until,
                one.calendar ->> 'series' as series,
                one.calendar ->> 'sequence' as sequence,
                one.calendar ->> 'method' as method,
                one.calendar ->> 'address' as address,
                one.calendar ->> 'until' as until
            from placed p
            cross join lateral (
                -- OFFSET 0: each row is looked up by its id and its JSON unpacked once
                select l.reminder_id, l.delivery_status, l.claimed_until, l.context -> 'calendar' as calendar
                from (/* include /log/own */) as l
                where l.reminder_id = p.reminder_id
                offset 0
            ) as one
            -- a sweep asks for what goes out, `explain` for everything
            where :verdicts::text[] is null or not p.is_settled
            offset 0
        ) as l
        where /* include ../../log/whole_version */
        offset 0
    ) as v
    order by v.series, v.sequence desc
)
select
    case
        when held.method = 'CANCEL' and address.same then held.sequence
        else greatest(held.sequence, tried.sequence) + 1
    end as sequence,
    held.user_id,
    held.group_id,
    null as meeting_id,
    null as session_id,
    null as occurs_at,
    :now as due_at,
    held.until as useful_until,
    null as joined_at,
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
cross join lateral (
    select coalesce(lower(p.email) = lower(held.address), true) as same
    from (select) as one
    left join notify.people p on p.user_id = held.user_id
) as address
-- what the calendar shows, and whether the tables still have any of it
cross join lateral (
    select
        coalesce(bool_or(o.starts_at + make_interval(secs => o.seconds) > :floor), false) as to_come,
        coalesce(bool_or(m.starts_at is not null), false) as stands
    from (/* include /log/own */) as l
    -- those of them that can be read as what they stand for
    cross join lateral jsonb_to_recordset(jsonb_path_query_array(l.context, '$.calendar.occurrences[*] ? (
        exists(@.starts_at.datetime("YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM")) && @.seconds >= 0 && @.seconds <= 604800
    )', silent => true)) as o (starts_at timestamptz, seconds float8)
    left join notify.meetings m on m.group_id = held.group_id and date_trunc('second', m.starts_at) = o.starts_at
    where l.reminder_id = held.reminder_id
) as shown
cross join lateral (
    select exists (
        select from notify.members mb
        where mb.group_id = held.group_id and mb.user_id = held.user_id and mb.active
    ) and exists (
        select from notify.groups g where g.group_id = held.group_id and g.active
    ) and (shown.stands or exists (
        select from notify.meetings m
        where m.group_id = held.group_id and m.starts_at > :now and /* include ../../platform/possible_time */
    )) as stays
    offset 0
) as here
-- versions that were given up: their numbers are used, and what was refused for good is not tried again unchanged
cross join lateral (
    select
        coalesce(max(substring(t.notification_key from '/seq([0-9]{1,9})/')::int)
            filter (where t.job_id = format('group_%s_calendar', held.group_id)), 0) as sequence,
        coalesce(bool_or(
            t.context #>> '{refused,series}' = held.series
            and t.context #> '{refused,sequence}' >= to_jsonb(held.sequence)
            and t.context #>> '{refused,method}' = 'CANCEL'
            and coalesce(lower(p.email) = lower(t.context #>> '{refused,address}'), true)
        ), false) as in_vain
    from :"log".reminder_recipients_log r
    join (/* include /log/own */) as t on t.reminder_id = r.reminder_id
    left join notify.people p on p.user_id = r.user_id
    where r.user_id = held.user_id
        and t.delivery_status in ('failed', 'expired', 'cancelled')
        and not here.stays
) as tried
-- a CANCEL is repeated only where its outcome is unknown
where (held.method = 'REQUEST' or held.delivery_status = 'pending')
    -- what has been stays in the calendar
    and (shown.to_come or held.delivery_status <> 'delivered' or here.stays)
    -- never beside a version that is being sent at this moment
    and coalesce(held.claimed_until <= :now, true)
    and (:verdicts::text[] is null or not here.stays)
    and (:group_ids::bigint[] is null or held.group_id = any(:group_ids::bigint[]))
    and (:user_ids::bigint[] is null or held.user_id = any(:user_ids::bigint[]))
    and :meeting_ids::bigint[] is null
