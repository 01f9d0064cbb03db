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

    primary key (group_id, user_id, rehearsal, series)
);
create index if not exists calendars_live_until_idx on notify.calendars (live_until);
create index if not exists calendars_user_idx on notify.calendars (user_id);
create index if not exists calendars_possible_at_idx on notify.calendars (possible_at);
