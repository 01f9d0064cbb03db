-- A list was read whole, up to this time.
insert into notify.reconciled (list, read_until)
values (:list::text, :read_until::timestamptz)
on conflict (list) do update set read_until = excluded.read_until
