-- Someone is in a group that has a Discord channel and a meeting to come: an email with the calendar invite, and a DM.
-- Due at the later of joining, of the group's first meeting row, and of the moment at which it could first be told,
-- which a sweep puts down; who could have been told before notify was installed counts from joining. Each time of
-- joining is told once.
select
    stay.user_id,
    stay.group_id,
    null as meeting_id,
    null as session_id,
    stay.joined_at as occurs_at,
    null as sequence,
    due.at as due_at,
    due.at + t.until as useful_until,
    stay.joined_at,
    /* now */ stay.active /* then: stay.active or stay.left_at > greatest(due.at, :judged_from::timestamptz) + interval '1 minute' */ as active,
    case when g.discord_channel_id is null or not schedule.has_future then 'not_applicable' end as exclusion,
    case
        when not schedule.has_future then 'the group has no future meeting'
        when g.discord_channel_id is null then 'the group has no Discord channel'
    end as note
-- groups in which something happened in the window, found by index on either side
from (
    select mb.group_id from notify.members mb where mb.joined_at > :floor - t.until
    union
    select m.group_id from notify.meetings m where m.created_at > :floor - t.until
    union
    select c.group_id from notify.calendars c where c.possible_at > :floor - t.until
    union
    -- those that this sweep finds to be possible
    select * from unnest(:assignable_groups::bigint[]) as assignable
) as recent
left join notify.groups g on g.group_id = recent.group_id
cross join lateral (
    select min(m.created_at) as first_created_at, coalesce(bool_or(
        m.starts_at > /* now */ :now /* then: :judged_from::timestamptz */
    ), false) as has_future
    from notify.meetings m
    where m.group_id = recent.group_id
) as schedule
-- two roles are one stay: the one that is active, else the last
cross join lateral (
    select distinct on (mb.user_id) mb.group_id, mb.user_id, mb.joined_at, mb.left_at, mb.active
    from notify.members mb
    where mb.group_id = recent.group_id
    order by mb.user_id, mb.active desc, case when mb.active then mb.joined_at end, mb.joined_at desc
) as stay
left join notify.calendars c
    on c.group_id = stay.group_id and c.user_id = stay.user_id and c.series = 0 and c.rehearsal = :rehearsal::boolean
cross join (select min(i.installed_at) as at from notify.installation i) as installed
cross join lateral (
    select case
        when coalesce(greatest(stay.joined_at, schedule.first_created_at) < installed.at, true)
            then greatest(stay.joined_at, schedule.first_created_at)
        else greatest(
            stay.joined_at, schedule.first_created_at, case when c.possible_at >= stay.joined_at then c.possible_at else :now end
        )
    end as at
) as due
where due.at <= :horizon
    and due.at > :floor - t.until
    and (:group_ids::bigint[] is null or stay.group_id = any(:group_ids::bigint[]))
    and (:user_ids::bigint[] is null or stay.user_id = any(:user_ids::bigint[]))
    and :meeting_ids::bigint[] is null
