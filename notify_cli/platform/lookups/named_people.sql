-- Whom somebody may mean who typed an id, an email address, a Discord id or a name; `is_meant` is false of those whose
-- name or address only has the text in it.
select named.user_id, named.name, named.email, named.is_id, named.is_meant
from (
    select
        p.user_id, /* include ../called */ as name, p.email,
        coalesce(p.user_id = :id::bigint, false) as is_id,
        p.user_id = :id::bigint or p.discord_id = :said::text or lower(p.email) = lower(:said::text)
            or lower(/* include ../called */) = lower(:said::text) as is_meant
    from notify.people p
) as named
where named.is_meant
    or position(lower(:said::text) in lower(named.name)) > 0
    or position(lower(:said::text) in lower(named.email)) > 0
order by named.is_meant desc nulls last, named.user_id
limit 20
