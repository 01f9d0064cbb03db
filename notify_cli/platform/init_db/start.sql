-- From when on messages go out by themselves. A new database starts now. One whose log has rows of ours but no such table
-- was at work before there was one: everything counts. One whose log was made anew, or is empty though sweeps have run,
-- has forgotten what was sent: it starts again now, see `init-db` for what is said of it.
do $start$
declare
    present constant oid := to_regclass('reminders_log');
    -- the rows of a rehearsal are not there for anybody else
    first_row constant timestamptz := (
        select min(created_at) from reminders_log where notification_key not like '%~rehearsal'
    );
    is_known constant boolean := exists (select from notify.since);
begin
    if is_known and first_row is null and exists (
        select from notify.installation i where i.log <> present or exists (select from notify.runs)
    ) then
        update notify.since set since = now() where since < now();
    end if;
    insert into notify.since (reminder_type, since)
    select reminder_type, case when first_row is null or is_known then now() else '0001-01-01 00:00:00+00' end
    from unnest(:'types'::text[]) as reminder_type
    on conflict do nothing;

    insert into notify.installation (id, installed_at, log)
    select gen_random_uuid(), coalesce(first_row, now()), present
    where not exists (select from notify.installation);
    update notify.installation i set log = present where i.log <> present;
end $start$;
