-- The quiet hours in which the moment asked.at lies: when they begin and end. Nulls where it lies in none.
select
    (wall.day + :quiet_from::time) at time zone zone.name as begins_at,
    (wall.day + :quiet_to::time + case when :quiet_from::time > :quiet_to::time then interval '1 day' else '0' end)
        at time zone zone.name as ends_at
from (select asked.at at time zone zone.name as at offset 0) as clock
cross join lateral (
    -- the day on which they begin: of hours that go over midnight it may be the day before
    select case
        when :quiet_from::time < :quiet_to::time
            then case when clock.at::time >= :quiet_from::time and clock.at::time < :quiet_to::time then clock.at::date end
        when clock.at::time >= :quiet_from::time then clock.at::date
        when clock.at::time < :quiet_to::time then clock.at::date - 1
    end as day
    offset 0
) as wall
offset 0
