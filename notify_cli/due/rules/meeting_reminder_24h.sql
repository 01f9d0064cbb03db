-- A day before a meeting: an email to each member and guest, one post in the group's channel.
select
    audience.user_id,
    m.group_id,
    m.meeting_id,
    null as session_id,
    m.starts_at as occurs_at,
    null as sequence,
    m.starts_at - interval '24 hours' as due_at,
    m.starts_at - interval '18 hours' as useful_until,
    audience.joined_at,
    audience.active,
    case when twin.meeting_id is not null then 'not_applicable' end as exclusion,
    'meeting ' || twin.meeting_id || ' is at the same time, and speaks for both' as note
from notify.meetings m
cross join lateral (
    /* include ../twin */
) as twin
cross join lateral (
    /* include ../audience */
) as audience
where m.starts_at <= :horizon + interval '24 hours'
    and m.starts_at > :floor + interval '18 hours'
    and (:meeting_ids::bigint[] is null or m.meeting_id = any(:meeting_ids::bigint[]))
    and (:group_ids::bigint[] is null or m.group_id = any(:group_ids::bigint[]))
    and (:user_ids::bigint[] is null or audience.user_id = any(:user_ids::bigint[]))
