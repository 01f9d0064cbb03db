-- Write rows as they are to be from now on, each only if nobody has written it since it was read. Returns those
-- written.
with wanted as (
    select *
    from jsonb_to_recordset(:rows::jsonb) as r (
        group_id bigint, user_id bigint, rehearsal boolean, series smallint, revision int,
        uid text, sequence int, method text, medium text, certain boolean, reminder_type text, address text,
        group_name text, dtstamp timestamptz, ics text, until timestamptz,
        meeting_ids bigint[], numbers int[], starts timestamptz[], minutes int[], links text[],
        known_ids bigint[], known_numbers int[], known_starts timestamptz[], known_minutes int[], known_links text[],
        former_addresses text[], former_sequences int[], refused_method text, refused_address text, refused_plan bigint,
        plan bigint, contact bigint, look_at timestamptz, live_until timestamptz, differs bigint,
        differs_since timestamptz, possible_at timestamptz, busy_until timestamptz
    )
    -- in one order, so that two runs cannot deadlock
    order by group_id, user_id, rehearsal, series
)
insert into notify.calendars as c (
    group_id, user_id, rehearsal, series, revision,
    uid, sequence, method, medium, certain, reminder_type, address, group_name, dtstamp, ics, until,
    meeting_ids, numbers, starts, minutes, links, known_ids, known_numbers, known_starts, known_minutes, known_links,
    former_addresses, former_sequences, refused_method, refused_address, refused_plan,
    plan, contact, look_at, live_until, differs, differs_since, possible_at, busy_until
)
select
    group_id, user_id, rehearsal, series, revision + 1,
    uid, sequence, method, medium, certain, reminder_type, address, group_name, dtstamp, ics, until,
    meeting_ids, numbers, starts, minutes, links, known_ids, known_numbers, known_starts, known_minutes, known_links,
    former_addresses, former_sequences, refused_method, refused_address, refused_plan,
    plan, contact, look_at, live_until, differs, differs_since, possible_at, busy_until
from wanted
on conflict (group_id, user_id, rehearsal, series) do update
set revision = excluded.revision, uid = excluded.uid, sequence = excluded.sequence, method = excluded.method,
    medium = excluded.medium, certain = excluded.certain, reminder_type = excluded.reminder_type,
    address = excluded.address, group_name = excluded.group_name, dtstamp = excluded.dtstamp, ics = excluded.ics,
    until = excluded.until, meeting_ids = excluded.meeting_ids, numbers = excluded.numbers, starts = excluded.starts,
    minutes = excluded.minutes, links = excluded.links, known_ids = excluded.known_ids,
    known_numbers = excluded.known_numbers, known_starts = excluded.known_starts,
    known_minutes = excluded.known_minutes, known_links = excluded.known_links,
    former_addresses = excluded.former_addresses, former_sequences = excluded.former_sequences,
    refused_method = excluded.refused_method, refused_address = excluded.refused_address,
    refused_plan = excluded.refused_plan, plan = excluded.plan, contact = excluded.contact,
    look_at = excluded.look_at, live_until = greatest(c.live_until, excluded.live_until), differs = excluded.differs,
    differs_since = excluded.differs_since, possible_at = excluded.possible_at, busy_until = excluded.busy_until
where c.revision = excluded.revision - 1
returning c.group_id, c.user_id, c.series
