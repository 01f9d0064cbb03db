-- Groups, with their active members who have an account, each once.
select
    g.group_id, g.group_name as name, g.course, g.discord_channel_id, g.server_id, g.active,
    coalesce(members.ids, '{}') as member_ids,
    coalesce(members.names, '{}') as member_names
from notify.groups g
left join lateral (
    select array_agg(m.user_id order by m.name, m.user_id) as ids, array_agg(m.name order by m.name, m.user_id) as names
    from (
        select distinct mb.user_id, /* include ../called */ as name
        from notify.members mb
        join notify.people p on p.user_id = mb.user_id
        where mb.group_id = g.group_id and mb.active
    ) as m
) as members on true
where g.group_id = any(:group_ids::bigint[])
