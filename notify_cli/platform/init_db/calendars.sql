-- Which calendar shows what: one row per member and series, kept by notify alone and never derived from the log, whose
-- rows may be deleted. A second series is there only where two meetings of a group fall on one day.
create table if not exists notify.calendars (
    group_id bigint not null,
    user_id bigint not null,
    rehearsal boolean not null default false,
    series smallint not null default 0,
    revision int not null default 1,

    -- the newest version that may have arrived; by email into the calendar, or told by direct message
    uid text,
    sequence int not null default -1,
    method text,
    medium text,
    certain boolean not null default true,
    reminder_type text,
    address text,
    group_name text,
    dtstamp timestamptz,
    ics text,
    until timestamptz,
    meeting_ids bigint[] not null default '{}',
    numbers int[] not null default '{}',
    starts timestamptz[] not null default '{}',
    minutes int[] not null default '{}',
    links text[] not null default '{}',

    -- what surely arrived before it, as long as that is not certain
    known_ids bigint[] not null default '{}',
    known_numbers int[] not null default '{}',
    known_starts timestamptz[] not null default '{}',
    known_minutes int[] not null default '{}',
    known_links text[] not null default '{}',

    -- addresses that were given up, and the SEQUENCE of the cancellation that goes there; what was refused for good
    former_addresses text[] not null default '{}',
    former_sequences int[] not null default '{}',
    refused_method text,
    refused_address text,
    refused_plan bigint,

    -- the group's meetings and the member's addresses in an integer each, when it was last found to be as it should
    plan bigint,
    contact bigint,
    look_at timestamptz,
    live_until timestamptz,
    differs bigint,
    differs_since timestamptz,
    possible_at timestamptz,
    busy_until timestamptz,

    primary key (group_id, user_id, rehearsal, series),

    -- What no version ever is. A row that can be read by nobody would stop the calendars of everybody.
    constraint calendars_counts check (
        series between 0 and 999 and sequence between -1 and 999999999 and revision between 0 and 2000000000
    ),
    constraint calendars_lists check (
        concat(array_ndims(meeting_ids), array_ndims(numbers), array_ndims(starts), array_ndims(minutes)) in ('', '1111')
        and concat(array_ndims(known_ids), array_ndims(known_numbers), array_ndims(known_starts),
            array_ndims(known_minutes)) in ('', '1111')
        and concat(array_ndims(former_addresses), array_ndims(former_sequences)) in ('', '11')
        and coalesce(array_ndims(links), 1) = 1 and coalesce(array_ndims(known_links), 1) = 1
        and cardinality(former_addresses) = cardinality(former_sequences)
        and array_position(former_addresses, null) is null and array_position(former_sequences, null) is null
        and array_position(meeting_ids || known_ids, null) is null
        and array_position(starts || known_starts, null) is null
        and array_position(minutes || known_minutes, null) is null
        and 0 <= all (minutes || known_minutes) and 10080 >= all (minutes || known_minutes)
    ),
    constraint calendars_times check (
        '1900-01-01 00:00:00+00' < all (starts || known_starts
            || array_remove(array[dtstamp, until, look_at, live_until, differs_since, possible_at, busy_until], null))
        and '9001-01-01 00:00:00+00' > all (starts || known_starts
            || array_remove(array[dtstamp, until, look_at, live_until, differs_since, possible_at, busy_until], null))
    )
);
-- what each sweep reads of all calendars (calendars/changed.sql), apart from the wide rows
create index if not exists calendars_held_idx on notify.calendars (rehearsal, live_until)
    include (group_id, series, contact, plan, look_at);
create index if not exists calendars_user_idx on notify.calendars (user_id);
create index if not exists calendars_possible_at_idx on notify.calendars (possible_at);
