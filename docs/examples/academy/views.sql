-- The views that notify reads, over the academy's tables: notify init-db --views views.sql
-- Each column has the name and the type that docs/integrate.md lists; a cast where the academy has another type. All names
-- are written with their schema, and no expression raises, whatever a row holds.

create or replace view notify.people as
select
    a.account_no as user_id,
    coalesce(nullif(btrim(a.display_name::text), ''), 'there') as name,
    nullif(btrim(a.mail::text), '') as email,
    not a.mail_off as email_enabled,
    a.chat_id::text as discord_id,
    not a.chat_off as dm_enabled,
    a.zone as timezone,
    a.language as locale
from academy.account a
where a.closed_at is null;

create or replace view notify.groups as
select
    p.pod_no as group_id,
    p.title::text as group_name,
    r.title::text as course,
    p.chat_channel::text as discord_channel_id,
    null::text as server_id,
    p.dissolved_at is null and r.state = 'open' as active
from academy.pod p
join academy.run r on r.run_no = p.run_no;

-- Who left stays here as not active: notify takes the meetings out of their calendar.
create or replace view notify.members as
select
    s.pod_no as group_id,
    s.account_no as user_id,
    s.in_pod_since as joined_at,
    s.withdrawn_at as left_at,
    s.withdrawn_at is null as active,
    case when s.leads_pod then 'facilitator' else 'participant' end as role
from academy.signup s
where s.pod_no is not null;

-- A sitting that is called off is no meeting. What is no length is unknown: then NOTIFY_MEETING_MINUTES stands in.
create or replace view notify.meetings as
select
    t.sitting_no as meeting_id,
    t.pod_no as group_id,
    t.scheduled_at as starts_at,
    case when t.minutes between 1 and 9999 then t.minutes::int end as duration_minutes,
    null::int as number,
    t.entered_at as created_at,
    nullif(btrim(t.room::text), '') as join_url
from academy.sitting t
where not t.called_off;

-- There are no cohorts here: the run stands in, so that `notify send --cohort RUN` works.
create or replace view notify.enrolments as
select
    s.account_no as user_id,
    r.title::text as course,
    s.run_no as cohort_id,
    s.signed_up_at as enrolled_at,
    r.state = 'open' as active
from academy.signup s
join academy.run r on r.run_no = s.run_no
where s.withdrawn_at is null;

-- Progress has no number of its own: one is made of what identifies a row, the same every time, and not negative.
create or replace view notify.lesson_sessions as
select
    hashtextextended(p.account_no || '/' || p.section, 0) & 9223372036854775807 as session_id,
    p.account_no as user_id,
    p.section as lesson_id,
    p.opened_at as started_at,
    p.finished_at as completed_at
from academy.section_progress p;

-- Optional: who said no to a sitting, and who visits it.
create or replace view notify.attendance as
select
    v.sitting_no as meeting_id,
    v.account_no as user_id,
    v.answer = 'yes' as attending,
    v.as_guest as guest
from academy.visit v;

-- Optional: what somebody does not want.
create or replace view notify.preferences as
select
    m.account_no as user_id,
    m.message as reminder_type,
    case m.medium when 'mail' then 'email' when 'chat' then 'discord_dm' end as method,
    false as enabled
from academy.mute m;
