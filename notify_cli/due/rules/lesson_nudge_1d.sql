-- A day before a meeting: an email and a DM to each member who has not done all of its lessons.
select
    format('meeting_%s_lesson_nudge_1d', m.meeting_id) as job_id,
    to_char(m.starts_at at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"') as occurrence,
    'lesson_nudge_1d' as reminder_type,
    '{email,discord_dm}'::text[] as methods,
    mb.user_id,
    m.group_id,
    m.meeting_id,
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
-- a group nobody is in yet has its job already: who cancels it cancels it for those who join later
left join notify.members mb on mb.group_id = m.group_id
left join notify.groups g on g.group_id = m.group_id
cross join lateral (
    select count(*) as total, count(*) filter (where exists (
        select from notify.lesson_sessions s
        where s.user_id = mb.user_id and s.lesson_id = due.lesson_id and s.completed_at is not null
    )) as done
    from jsonb_array_elements_text(
        coalesce(:lessons::jsonb -> lower(btrim(g.course)), :lessons::jsonb -> '*') -> coalesce(m.number, (
            select count(*) from notify.meetings earlier
            where earlier.group_id = m.group_id
                and (earlier.starts_at, earlier.meeting_id) <= (m.starts_at, m.meeting_id)
        ))::text
    ) as due (lesson_id)
) as progress
where m.starts_at <= :horizon + interval '24 hours'
    and m.starts_at > :floor + interval '12 hours'
    and (:meeting_ids::bigint[] is null or m.meeting_id = any(:meeting_ids::bigint[]))
    and (:group_ids::bigint[] is null or m.group_id = any(:group_ids::bigint[]))
    and (:user_ids::bigint[] is null or mb.user_id = any(:user_ids::bigint[]))
