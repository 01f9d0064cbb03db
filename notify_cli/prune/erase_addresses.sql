-- The direct message channel and the suppressions of a person, by the addresses that the platform still has, or that
-- what was refused tells.
with known as (
    select lower(p.email) as email, p.discord_id from notify.people p where p.user_id = :user_id::bigint
    union
    select lower(a.address), null
    from notify.calendars c
    cross join lateral unnest(array[c.address, c.refused_address] || c.former_addresses) as a (address)
    where c.user_id = :user_id::bigint and a.address is not null
    union
    select lower(l.context ->> 'refused_at'), l.context ->> 'refused_at'
    from :"log".reminders_log l
    join :"log".reminder_recipients_log r on r.reminder_id = l.reminder_id
    where r.user_id = :user_id::bigint and l.context ? 'refused_at'
),
-- who still has the address is not to be written to again
leaving as (
    select * from known where not exists (select from notify.people p where p.user_id = :user_id::bigint)
),
channels as (
    delete from notify.dm_channels d where d.discord_id in (select discord_id from known) and not :dry::boolean
),
suppressed as (
    delete from notify.suppressions s where lower(s.email) in (select email from leaving) and not :dry::boolean
)
select (select count(*) from notify.dm_channels d where d.discord_id in (select discord_id from known))
    + (select count(*) from notify.suppressions s where lower(s.email) in (select email from leaving)) as count
