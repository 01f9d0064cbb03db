-- Everybody in these groups, and everybody whose calendar holds anything of them, with what it holds: one row per
-- member and series, in their order. `told` are the methods by which the assignment to the group needs not be told any
-- more.
with asked as materialized (
    select distinct group_id from unnest(:group_ids::bigint[]) as given (group_id)
),
planned as materialized (
    select m.group_id, sum(/* include meeting_hash */) as plan, max(m.starts_at + /* include length */) as ends_at
    from asked a
    join notify.meetings m on m.group_id = a.group_id
    where m.starts_at > :now - interval '35 days' and /* include /platform/possible_time */
    group by m.group_id
),
entered as materialized (
    select m.group_id, min(m.created_at) as first_created_at
    from asked a
    join notify.meetings m on m.group_id = a.group_id
    group by m.group_id
),
-- two roles are one stay: the one that is active, else the last
stay as materialized (
    select
        mb.group_id, mb.user_id, bool_or(mb.active) as active,
        coalesce(min(mb.joined_at) filter (where mb.active), max(mb.joined_at)) as joined_at,
        coalesce(sum(/* include contact_hash */), 0) as contact
    from asked a
    join notify.members mb on mb.group_id = a.group_id
    left join notify.people p on p.user_id = mb.user_id
    -- a platform's own view may have rows of nobody
    where mb.user_id is not null and (:user_ids::bigint[] is null or mb.user_id = any(:user_ids::bigint[]))
    group by mb.group_id, mb.user_id
),
holds as materialized (
    select
        c.*,
        -- nearly everybody in a group holds what the one before does: such lists are not sent again
        (
            c.meeting_ids, c.numbers, c.starts, c.minutes, c.links,
            c.known_ids, c.known_numbers, c.known_starts, c.known_minutes, c.known_links
        ) is not distinct from lag((
            c.meeting_ids, c.numbers, c.starts, c.minutes, c.links,
            c.known_ids, c.known_numbers, c.known_starts, c.known_minutes, c.known_links
        )) over (partition by c.group_id order by c.user_id, c.series) as repeats
    from asked a
    join notify.calendars c on c.group_id = a.group_id
    where c.rehearsal = :rehearsal::boolean
        and (:user_ids::bigint[] is null or c.user_id = any(:user_ids::bigint[]))
)
select
    group_id, user_id,
    coalesce(s.active, false) as is_active,
    coalesce(g.active, false) as group_is_active,
    g.discord_channel_id is not null as has_channel,
    coalesce(planned.plan, 0) + coalesce(/* include state_hash */, 0) as plan_now,
    coalesce(s.contact, 0) as contact_now,
    planned.ends_at,
    case when p.email_enabled then p.email end as email,
    coalesce(p.dm_enabled and p.discord_id is not null, false) as by_dm,
    -- times that Python can reckon with: infinity and the year 9999 are none
    case when s.joined_at > '1900-01-01Z' and s.joined_at < '9000-01-01Z' then s.joined_at end as joined_at,
    case when known.since > '1900-01-01Z' and known.since < '9000-01-01Z' then known.since end as known_since,
    coalesce(known.since < installed.at, true) as is_early,
    -- looked up only for those who could still be told
    case when greatest(known.since, c.possible_at) > :now - interval '168 hours'
            or c.possible_at is null or c.possible_at < s.joined_at
        then array(
            select m.method
            from unnest(:'methods'::text[]) as m (method)
            cross join lateral (
                select format(:'assigned', group_id, coalesce(
                    to_char(s.joined_at at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'), '-')) as job
            ) as key
            where exists (
                select from :"log".reminders_log l
                where l.notification_key in (
                        key.job || m.method || '/user_' || user_id || :mark::text, key.job || 'cancelled' || :mark::text
                    )
                    and l.delivery_status <> 'pending'
                    -- a refusal belongs to the address that was refused
                    and not coalesce(l.delivery_status = 'failed' and l.context ->> 'refused_at' <> case m.method
                        when 'email' then p.email
                        when 'discord_dm' then p.discord_id
                    end, false)
            )
        )
        else :'methods'::text[]
    end as told,
    c.series, c.revision, c.uid, c.sequence, c.method, c.medium, c.certain, c.reminder_type, c.address, c.group_name,
    c.dtstamp, c.ics, c.until, c.repeats,
    case when not c.repeats then c.meeting_ids end as meeting_ids,
    case when not c.repeats then c.numbers end as numbers,
    case when not c.repeats then c.starts end as starts,
    case when not c.repeats then c.minutes end as minutes,
    case when not c.repeats then c.links end as links,
    case when not c.repeats then c.known_ids end as known_ids,
    case when not c.repeats then c.known_numbers end as known_numbers,
    case when not c.repeats then c.known_starts end as known_starts,
    case when not c.repeats then c.known_minutes end as known_minutes,
    case when not c.repeats then c.known_links end as known_links,
    c.former_addresses, c.former_sequences, c.refused_method,
    c.refused_address, c.refused_plan, c.plan, c.contact, c.look_at, c.live_until, c.differs, c.differs_since,
    c.possible_at, c.busy_until
from stay s
full join holds c using (group_id, user_id)
left join notify.groups g using (group_id)
left join planned using (group_id)
left join entered using (group_id)
left join notify.people p using (user_id)
cross join lateral (select greatest(s.joined_at, entered.first_created_at) as since) as known
cross join (select min(i.installed_at) as at from notify.installation i) as installed
order by group_id, user_id, c.series
