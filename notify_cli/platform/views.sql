-- The only seam to the platform: six views over its tables (and a seventh for doctor). A platform with other names replaces
-- this file (notify init-db --views FILE) and keeps the columns and their types, see contract.sql. Optional columns are
-- read with to_jsonb(row) ->> 'column', which is null where the column does not exist, and picks it up on the day the
-- platform adds it. No expression here may raise, whatever a row holds: it would stop the messages of everybody else.

-- People who may be written to. A null preference means on. A deleted account is not here: it gets nothing at all.
create or replace view notify.people as
select
    u.user_id,
    coalesce(
        nullif(regexp_replace(u.nickname::text, blank.ends, '', 'g'), ''),
        nullif(regexp_replace(to_jsonb(u) ->> 'first_name', blank.ends, '', 'g'), ''),
        nullif(regexp_replace(u.discord_username::text, blank.ends, '', 'g'), ''),
        'there'
    ) as name,
    -- every run asks for every address: nearly all have nothing at their ends, which is found out at half the price
    case
        when u.email::text ~ '^[!-~]+$' then u.email::text
        else nullif(regexp_replace(u.email::text, blank.ends, '', 'g'), '')
    end as email,
    coalesce(u.email_notifications_enabled, true) as email_enabled,
    nullif(btrim(u.discord_id::text), '') as discord_id,
    coalesce(u.dm_notifications_enabled, true) as dm_enabled,
    u.timezone::text as timezone,
    to_jsonb(u) ->> 'locale' as locale
from users u
-- A name or address without a visible character is none: blanks of every width, fillers, marks of direction.
cross join (
    select '^[' || chars || ']+|[' || chars || ']+$' as ends
    from (values (
        '\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f'
        '\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0e\ufeff\uffa0'
    )) as every (chars)
) as blank
where u.deleted_at is null;

-- Study groups. Active: the group is forming or active, and so is its cohort.
create or replace view notify.groups as
select
    g.group_id,
    g.group_name::text as group_name,
    c.course_name::text as course,
    nullif(btrim(g.discord_text_channel_id::text), '') as discord_channel_id,
    nullif(btrim(to_jsonb(g) ->> 'discord_server_id'), '') as server_id,
    coalesce(g.status::text in ('forming', 'active') and co.status::text = 'active', false) as active
from groups g
left join cohorts co on co.cohort_id = g.cohort_id
left join courses c on c.course_id = co.course_id;

-- Who is or was in a group: one row per role and stay.
create or replace view notify.members as
select
    gu.group_id,
    gu.user_id,
    gu.joined_at,
    gu.left_at,
    coalesce(gu.status::text = 'active' and (gu.left_at is null or gu.left_at > now()), false) as active,
    to_jsonb(gu) ->> 'role' as role
from groups_users gu;

-- Meetings, past and future. A null number means: its rank in the group by time. Every run reads many of them, so it is
-- asked once per run whether there is such a column at all: looking for it row by row takes longer than all else. A number
-- that is none, or is absurd, is null too. A meeting without a time that a calendar can hold (infinity, the year 9999 for
-- "no date yet") is no meeting.
create or replace view notify.meetings as
select
    m.meeting_id,
    m.group_id,
    m.scheduled_time_utc as starts_at,
    case when exists (
        select from pg_attribute a where a.attrelid = 'meetings'::regclass and a.attname = 'duration_minutes'
    ) then substring(to_jsonb(m) ->> 'duration_minutes' from '^ *([0-9]{1,4}(?:\.[0-9]*)?) *$')::numeric::int
    end as duration_minutes,
    case when exists (
        select from pg_attribute a where a.attrelid = 'meetings'::regclass and a.attname = 'meeting_number'
    ) then substring(to_jsonb(m) ->> 'meeting_number' from '^ *([0-9]{1,6}(?:\.[0-9]*)?) *$')::numeric::int
    end as number,
    m.created_at,
    case when exists (
        select from pg_attribute a where a.attrelid = 'meetings'::regclass and a.attname = 'join_url'
    ) then nullif(btrim(to_jsonb(m) ->> 'join_url'), '') end as join_url
from meetings m
where m.scheduled_time_utc > '1900-01-01 00:00:00+00' and m.scheduled_time_utc < '9000-01-01 00:00:00+00';

-- Who takes which course. Active: the cohort is, or there is none yet. A view without this column counts them all.
create or replace view notify.enrolments as
select
    cu.user_id,
    c.course_name::text as course,
    cu.cohort_id,
    cu.created_at as enrolled_at,
    coalesce(co.status::text = 'active', true) as active,
    to_jsonb(co) ->> 'cohort_name' as cohort_name
from courses_users cu
left join courses c on c.course_id = cu.course_id
left join cohorts co on co.cohort_id = cu.cohort_id;

-- Work on lessons. Anonymous sessions have nobody to write to.
create or replace view notify.lesson_sessions as
select
    s.session_id,
    s.user_id,
    s.lesson_id::text as lesson_id,
    s.started_at,
    s.completed_at
from lesson_sessions s
where s.user_id is not null;

-- Rows that are passed over above, for doctor to name; what they say is quoted nowhere.
create or replace view notify.unusable as
select 'meeting' as source, m.meeting_id as id, 'it has no time that a calendar can hold: it is no meeting' as reason
from meetings m
where m.scheduled_time_utc <= '1900-01-01 00:00:00+00' or m.scheduled_time_utc >= '9000-01-01 00:00:00+00'
union all
select 'meeting', m.meeting_id, format('its %s is no number that can be used: the default stands in', optional.name)
from meetings m
cross join (values ('duration_minutes', '^ *[0-9]{1,4}(\.[0-9]*)? *$'), ('meeting_number', '^ *[0-9]{1,6}(\.[0-9]*)? *$'))
    as optional (name, pattern)
where to_jsonb(m) ->> optional.name !~ optional.pattern;
