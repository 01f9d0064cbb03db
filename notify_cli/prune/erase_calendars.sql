-- What calendars hold of a person who is not there any more, or of a group that they are done with: no address, no name.
with theirs as (
    select c.group_id, c.user_id, c.rehearsal, c.series
    from notify.calendars c
    where c.user_id = :user_id::bigint
        and (coalesce(c.live_until <= now(), true) or not exists (select from notify.people p where p.user_id = c.user_id))
        and (c.address is not null or c.ics is not null or c.former_addresses <> '{}' or c.refused_address is not null)
),
erased as (
    update notify.calendars c
    set address = null, ics = null, former_addresses = '{}', former_sequences = '{}', refused_address = null
    from theirs t
    where (c.group_id, c.user_id, c.rehearsal, c.series) = (t.group_id, t.user_id, t.rehearsal, t.series)
        and not :dry::boolean
)
select count(*) as count from theirs
