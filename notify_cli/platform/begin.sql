-- A type that no init-db knew starts with the first sweep that sees it.
insert into notify.since (reminder_type, since)
select wanted.reminder_type, now()
from unnest(:types::text[]) as wanted (reminder_type)
where not exists (select from notify.since s where s.reminder_type = wanted.reminder_type)
on conflict do nothing
