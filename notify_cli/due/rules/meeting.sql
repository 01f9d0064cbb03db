-- Before or after a meeting: to each member, or to those who have lessons left, and one post in the group's channel.
select
    mb.user_id,
    m.group_id,
    m.meeting_id,
    null as session_id,
    m.starts_at as occurs_at,
    null as sequence,
    m.due_at,
    m.useful_until,
    mb.joined_at,
    mb.active,
    case
        when t.courses is not null and not coalesce(lower(btrim(g.course)) = any(t.courses), false) then 'not_applicable'
        when t.share is null then case when twin.meeting_id is not null then 'not_applicable' end
        -- not asked for yet: the caller loads the course file only if someone is here
        when :lessons::jsonb is null then null
        when progress.total = 0 then 'not_applicable'
        when mb.user_id is null then case when not anybody.has_lessons_left then 'lessons_done' end
        when progress.done * 100 >= progress.total * t.share then 'lessons_done'
    end as exclusion,
    case
        when t.courses is not null and not coalesce(lower(btrim(g.course)) = any(t.courses), false)
            then 'it is for other courses'
        when t.share is null then 'meeting ' || twin.meeting_id || ' is at the same time, and speaks for both'
        when progress.total = 0 then 'no lessons are due for this meeting'
        when mb.user_id is null then 'nobody has lessons left'
        else format('%s of %s lessons done', progress.done, progress.total)
    end as note
-- by the index on starts_at: the end of a meeting is at most a week after its start
from (
    select m.meeting_id, m.group_id, m.starts_at, m.number, timed.due_at, timed.useful_until
    from notify.meetings m
    cross join lateral (
        select
            t.due + case when t.due_at_end then length.minutes else '0' end + m.starts_at as due_at,
            t.until + case when t.until_at_end then length.minutes else '0' end + m.starts_at as useful_until
        from (
            select case when t.due_at_end or t.until_at_end
                then least(greatest(coalesce(m.duration_minutes, :meeting_minutes::int), 0), 10080) * interval '1 minute'
            end as minutes
        ) as length
    ) as timed
    where m.starts_at <= :horizon - t.due
        and m.starts_at > :floor - t.until - case when t.until_at_end then interval '168 hours' else '0' end
        and timed.due_at <= :horizon
        and timed.useful_until > :floor
        /* now *//* then: and m.created_at < timed.useful_until */
        and (:meeting_ids::bigint[] is null or m.meeting_id = any(:meeting_ids::bigint[]))
        and (:group_ids::bigint[] is null or m.group_id = any(:group_ids::bigint[]))
    -- `offset 0`, here and below: looked up meeting by meeting, as a join it would be planned to read whole tables
    offset 0
) as m
cross join lateral (
    /* include ../twin */
) as twin
left join lateral (
    select x.course from notify.groups x where x.group_id = m.group_id limit 1
) as g on true
cross join lateral (
    select mb.user_id, mb.joined_at, /* now */ mb.active /* then: mb.active or mb.left_at > greatest(m.due_at, :judged_from::timestamptz) + interval '1 minute' */ as active
    from notify.members mb
    where mb.group_id = m.group_id
        and (t.audience = 'members' or /* include ../role */)
    union all
    -- who visits this one meeting gets its reminders; nothing else of the group is for them
    select a.user_id, null, true
    from :"attendance" a
    where a.meeting_id = m.meeting_id and a.guest and a.attending is not false
        and t.share is null and t.audience = 'members'
    union all
    -- the post in the group's channel; for a type without one it lets `cancel` find the job of a group without members
    select null, null, true
    offset 0
) as mb
cross join lateral (
    /* include ../lesson_progress */
) as progress
-- a post about lessons goes out when any member is due the message
cross join lateral (
    select t.share is not null and mb.user_id is null and exists (
        select from notify.members other
        cross join lateral (select other.user_id) as mb
        cross join lateral (
            /* include ../lesson_progress */
        ) as theirs
        where other.group_id = m.group_id and other.active and theirs.done * 100 < theirs.total * t.share
    ) as has_lessons_left
    offset 0
) as anybody
where :user_ids::bigint[] is null or mb.user_id = any(:user_ids::bigint[])
