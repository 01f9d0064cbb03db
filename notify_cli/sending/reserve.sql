-- Reserve the next turn of a shared pace, `interval` seconds after the one before it; no row if that is more than
-- `within` seconds away. One statement: the row lock puts concurrent runs in line, and the clock is the database's, so
-- hosts need not agree on the time.
insert into notify.throttle as t (name, next_at)
values (:name::text, clock_timestamp() + make_interval(secs => :interval::float8))
on conflict (name) do update
set next_at = greatest(t.next_at, clock_timestamp()) + make_interval(secs => :interval::float8)
where t.next_at <= clock_timestamp() + make_interval(secs => :within::float8)
returning extract(epoch from next_at - clock_timestamp()) - :interval::float8 as wait
