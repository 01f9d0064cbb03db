-- The tables of the course platform that notify reads, as the platform makes them. Not part of the tool: the demo and
-- the tests stand on them. The platform's log of reminders is in platform_log.sql, for a platform that keeps none yet.

create type cohort_status as enum ('active', 'completed', 'cancelled');
create type group_status as enum ('forming', 'active', 'completed', 'merged', 'cancelled');
create type group_role as enum ('participant', 'facilitator');
create type membership_status as enum ('active', 'dropped', 'completed', 'removed');
create type cohort_role as enum ('participant', 'facilitator');
create type grouping_status as enum ('awaiting_grouping', 'grouped', 'ungroupable');

create table users (
    user_id serial primary key,
    discord_id text unique,
    discord_username text,
    nickname text,
    first_name text,
    email text,
    timezone text,
    email_notifications_enabled boolean default true,
    dm_notifications_enabled boolean default true,
    created_at timestamptz default now(),
    deleted_at timestamptz
);

create table courses (
    course_id serial primary key,
    course_name text not null,
    created_at timestamptz default now()
);

create table cohorts (
    cohort_id serial primary key,
    cohort_name text not null,
    course_id integer not null references courses on delete cascade,
    cohort_start_date date,
    duration_days integer,
    number_of_group_meetings integer,
    status cohort_status not null default 'active',
    created_at timestamptz default now()
);

create table groups (
    group_id serial primary key,
    group_name text not null,
    cohort_id integer references cohorts on delete cascade,
    discord_text_channel_id text,
    discord_voice_channel_id text,
    recurring_meeting_time_utc text, -- "Wednesday 15:00"
    status group_status not null default 'forming',
    created_at timestamptz default now()
);

create table groups_users (
    group_user_id serial primary key,
    user_id integer not null references users on delete cascade,
    group_id integer not null references groups on delete cascade,
    role group_role not null default 'participant',
    status membership_status not null default 'active',
    joined_at timestamptz not null default now(),
    left_at timestamptz
);
create index on groups_users (group_id);
create index on groups_users (user_id);

create table courses_users (
    course_user_id serial primary key,
    user_id integer not null references users on delete cascade,
    course_id integer not null references courses on delete cascade,
    cohort_id integer references cohorts on delete set null,
    role_in_cohort cohort_role not null default 'participant',
    grouping_status grouping_status not null default 'awaiting_grouping',
    created_at timestamptz not null default now()
);
create index on courses_users (user_id);

create table meetings (
    meeting_id serial primary key,
    group_id integer not null references groups on delete cascade,
    cohort_id integer references cohorts on delete cascade,
    course_id integer references courses on delete cascade,
    scheduled_time_utc timestamptz not null,
    was_rescheduled boolean not null default false,
    reschedule_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on meetings (scheduled_time_utc);

create table lesson_sessions (
    session_id serial primary key,
    user_id integer references users on delete cascade, -- null: an anonymous visitor
    lesson_id text not null,
    current_stage_index integer not null default 0,
    started_at timestamptz not null default now(),
    last_active_at timestamptz not null default now(),
    completed_at timestamptz
);
create index on lesson_sessions (user_id);
