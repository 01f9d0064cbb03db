-- Some time after somebody has joined a group.
select
    mb.user_id,
    mb.group_id,
    null as meeting_id,
    null as session_id,
    mb.joined_at as occurs_at,
    null as sequence,
    mb.joined_at + t.due as due_at,
    mb.joined_at + t.until as useful_until,
    mb.joined_at,
    /* now */ mb.active /* then: mb.active or mb.left_at > greatest(mb.joined_at + t.due, :judged_from::timestamptz) + interval '1 minute' */ as active,
    case
        when t.courses is not null and not coalesce(lower(btrim(g.course)) = any(t.courses), false) then 'not_applicable'
    end as exclusion,
    'it is for other courses' as note
from (
    select mb.user_id, mb.group_id, mb.joined_at, mb.left_at, mb.active
    from notify.members mb
    where mb.joined_at <= :horizon - t.due
        and mb.joined_at > :floor - t.until
        and (t.audience = 'members' or /* include ../role */)
        and (:user_ids::bigint[] is null or mb.user_id = any(:user_ids::bigint[]))
        and (:group_ids::bigint[] is null or mb.group_id = any(:group_ids::bigint[]))
        and :meeting_ids::bigint[] is null
    offset 0
) as mb
left join lateral (
    select x.course from notify.groups x where x.group_id = mb.group_id limit 1
) as g on true
