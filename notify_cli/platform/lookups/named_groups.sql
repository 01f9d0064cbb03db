-- Which group somebody may mean who typed an id, the id of its Discord channel or a name. Of a group that the platform
-- has deleted the log may still tell.
select
    named.group_id, named.name, named.course, named.active, named.is_id, named.is_meant
from (
    select
        g.group_id, g.group_name as name, g.course, g.active,
        coalesce(g.group_id = :id::bigint, false) as is_id,
        g.group_id = :id::bigint or g.discord_channel_id = :said::text or lower(g.group_name) = lower(:said::text)
            as is_meant
    from notify.groups g
    union all
    select :id::bigint, null, null, false, true, true
    where exists (select from :"log".reminder_recipients_log r where r.group_id = :id::bigint)
        and not exists (select from notify.groups g where g.group_id = :id::bigint)
) as named
where named.is_meant or position(lower(:said::text) in lower(named.name)) > 0
order by named.is_meant desc nulls last, named.group_id
limit 20
