-- Of several hosts one at a time: a row if it is this one. A lock would be held by a transaction, and a transaction that
-- waits deadlocks with an index that is built concurrently.
insert into notify.throttle as t (name, next_at)
values ('init-db', clock_timestamp() + :lease::interval)
on conflict (name) do update set next_at = excluded.next_at where t.next_at <= clock_timestamp()
returning name
