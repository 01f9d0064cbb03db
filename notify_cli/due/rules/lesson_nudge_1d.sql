-- A day before a meeting: an email and a DM to each member who has not done all of its lessons.
select
    mb.user_id,
    m.group_id,
    m.meeting_id,
    null as session_id,
    m.starts_at as occurs_at,
    null as sequence,
    m.starts_at - interval '24 hours' as due_at,
    m.starts_at - interval '12 hours' as useful_until,
    mb.joined_at,
    mb.active,
    case
        -- not asked for yet: the caller loads the course file only if someone is here
        when :lessons::jsonb is null then null
        when progress.total = 0 then 'not_applicable'
        when progress.done >= progress.total then 'lessons_done'
    end as exclusion,
    case
        when progress.total = 0 then 'no lessons are due for this meeting'
        else format('%s of %s lessons done', progress.done, progress.total)
    end as note
from notify.meetings m
-- LEFT JOIN: a group without members yields its job all the same, so that `cancel` finds it for those who join later
left join notify.members mb on mb.group_id = m.group_id
left join notify.groups g on g.group_id = m.group_id
cross join lateral (
    /* include ../lesson_progress */
) as progress
where m.starts_at <= :horizon + interval '24 hours'
    and m.starts_at > :floor + interval '12 hours'
    and (:meeting_ids::bigint[] is null or m.meeting_id = any(:meeting_ids::bigint[]))
    and (:group_ids::bigint[] is null or m.group_id = any(:group_ids::bigint[]))
    and (:user_ids::bigint[] is null or mb.user_id = any(:user_ids::bigint[]))
