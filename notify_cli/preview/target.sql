-- Whom and what a preview with real data is about: what was named, and where nothing was, the obvious.
with named as (
    select
        coalesce(:group_id::bigint, (
            select m.group_id from notify.meetings m where m.meeting_id = :meeting_id::bigint
        )) as group_id
),
chosen as (
    select coalesce(named.group_id, (
        -- the person's own group, the one that meets next if there are several
        select mb.group_id
        from notify.members mb
        join notify.groups g on g.group_id = mb.group_id
        where mb.user_id = :user_id::bigint and mb.active
        order by g.active desc, (
            select min(m.starts_at) from notify.meetings m where m.group_id = mb.group_id and m.starts_at > :now
        ) nulls last, mb.group_id
        limit 1
    )) as group_id
    from named
),
reader as (
    select coalesce(:user_id::bigint, (
        select mb.user_id
        from notify.members mb
        join notify.people p on p.user_id = mb.user_id
        where mb.group_id = chosen.group_id and mb.active
        order by p.name, p.user_id
        limit 1
    )) as user_id
    from chosen
)
select
    p.user_id,
    p.name as reader,
    g.group_id,
    g.group_name,
    (select m.group_id from notify.meetings m where m.meeting_id = :meeting_id::bigint) as meeting_group_id,
    coalesce(:meeting_id::bigint, (
        select m.meeting_id
        from notify.meetings m
        where m.group_id = g.group_id and m.starts_at > :now
        order by m.starts_at, m.meeting_id
        limit 1
    )) as meeting_id,
    (
        select s.session_id
        from notify.lesson_sessions s
        where s.user_id = p.user_id
        order by s.started_at desc, s.session_id desc
        limit 1
    ) as session_id
from chosen
cross join reader
left join notify.people p on p.user_id = reader.user_id
left join notify.groups g on g.group_id = chosen.group_id
