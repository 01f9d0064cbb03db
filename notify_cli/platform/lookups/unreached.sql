-- Members of active groups who have neither an address that takes email nor a Discord account, and people whose address
-- the email provider does not deliver to any more.
select
    (
        select count(distinct mb.user_id)
        from notify.members mb
        join notify.groups g on g.group_id = mb.group_id and g.active
        join notify.people p on p.user_id = mb.user_id
        where mb.active and p.discord_id is null and (p.email is null or exists (
            select from notify.suppressions s where lower(s.email) = lower(p.email)
        ))
    ) as unreachable,
    (
        select count(*) from notify.people p
        where exists (select from notify.suppressions s where lower(s.email) = lower(p.email))
    ) as suppressed
