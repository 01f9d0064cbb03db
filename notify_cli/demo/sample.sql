-- A sample course in which, at this moment, every rule is due for someone and every exclusion keeps someone from a
-- message. All times follow now(): the Otters meet in about 22 hours, the Falcons within the hour, the Badgers, a new
-- group, in two and a half days. What goes out in the first sweep: 19 emails, 13 DMs, 2 channel posts.

insert into courses (course_id, course_name) values (1, 'AI Safety Fundamentals');

insert into cohorts (cohort_id, cohort_name, course_id, cohort_start_date, duration_days, number_of_group_meetings, status)
values
    (1, 'Main cohort', 1, current_date - 30, 56, 8, 'active'),
    (2, 'Pilot cohort', 1, current_date - 60, 56, 8, 'cancelled');

insert into groups (group_id, group_name, cohort_id, discord_text_channel_id, discord_voice_channel_id, status) values
    (1, 'Otters', 1, '900000000000000001', '910000000000000001', 'active'),
    (2, 'Falcons', 1, '900000000000000002', '910000000000000002', 'active'),
    (3, 'Badgers', 1, '900000000000000003', '910000000000000003', 'forming'),
    (4, 'Herons', 1, '900000000000000004', '910000000000000004', 'cancelled'),
    (5, 'Kingfishers', 2, '900000000000000005', '910000000000000005', 'active'),
    (6, 'Wrens', 1, null, null, 'forming');

-- A week is 168 hours: `7 days` would follow the summer time of the session's zone.

-- Otters: two meetings held, the third in 21 to 22 hours. meeting_reminder_24h and lesson_nudge_1d are due.
insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
select 1, 1, 1,
    date_bin('1 hour', now(), timestamptz '2000-01-01 00:00+00') + interval '22 hours' + week * interval '168 hours',
    now() - interval '30 days'
from generate_series(-2, 5) as week;

-- Their fifth meeting was moved by a day.
update meetings
set scheduled_time_utc = scheduled_time_utc + interval '24 hours',
    was_rescheduled = true, reschedule_reason = 'public holiday', updated_at = now() - interval '3 days'
where meeting_id = 5;

-- Falcons: three meetings held, the fourth in 50 to 60 minutes. meeting_reminder_1h is due. The sixth week is skipped.
insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
select 2, 1, 1,
    date_bin('10 minutes', now(), timestamptz '2000-01-01 00:00+00') + interval '1 hour' + week * interval '168 hours',
    now() - interval '30 days'
from generate_series(-3, 4) as week
where week <> 2;

-- Badgers: the first meeting in 59 to 60 hours. group_assigned and lesson_nudge_3d are due.
insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
select 3, 1, 1,
    date_bin('1 hour', now(), timestamptz '2000-01-01 00:00+00') + interval '60 hours' + week * interval '168 hours',
    now() - interval '2 days'
from generate_series(0, 7) as week;

-- Herons (a cancelled group), Kingfishers (a cancelled cohort): their meetings still stand in the table, nobody hears of
-- them. Wrens: a group without a Discord channel so far, so its members are not told of it yet.
insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
select group_id, cohort_id, 1,
    date_bin('1 hour', now(), timestamptz '2000-01-01 00:00+00') + gap + week * interval '168 hours',
    now() - interval '3 days'
from (values (4, 1, interval '22 hours'), (5, 2, interval '22 hours'), (6, 1, interval '120 hours'))
    as group_first (group_id, cohort_id, gap)
cross join generate_series(0, 3) as week;

update groups
set recurring_meeting_time_utc = (
    select to_char(min(scheduled_time_utc) at time zone 'UTC', 'FMDay HH24:MI')
    from meetings
    where meetings.group_id = groups.group_id
);

insert into users (user_id, nickname, first_name, discord_username, email, discord_id, timezone) values
    -- Otters
    (1, 'Alice', 'Alice', 'alice', 'alice@example.org', '100000000000000001', 'Europe/Berlin'),
    (2, null, 'Bob', 'bob', 'bob@example.org', '100000000000000002', 'America/New_York'),
    (3, 'Carol', 'Carol', 'carol', 'carol@example.org', '100000000000000003', 'Asia/Kolkata'),
    (4, null, 'Dave', 'dave', 'dave@example.org', '100000000000000004', null), -- no zone: times in UTC
    (5, 'Erin', 'Erin', 'erin', 'erin@example.org', '100000000000000005', 'Europe/Dublin'),
    (6, 'Frank', 'Frank', 'frank', 'frank@example.org', '100000000000000006', 'Europe/Vienna'),
    (7, 'Grace', 'Grace', 'grace', 'grace@example.org', '100000000000000007', 'Africa/Lagos'),
    (22, 'Victor', 'Victor', 'victor', 'victor@example.org', '100000000000000022', 'Australia/Sydney'),
    -- Badgers
    (8, null, 'Heidi', null, 'heidi@example.org', null, 'Europe/Zurich'), -- no Discord: emails only
    (9, 'Ivan', 'Ivan', 'ivan', null, '100000000000000009', 'Europe/Sofia'), -- no email: DMs only
    (10, 'Judy', 'Judy', 'judy', 'judy@example.org', '100000000000000010', 'America/Los_Angeles'),
    (11, null, 'Kevin', 'kevin', 'kevin@example.org', '100000000000000011', 'America/Sao_Paulo'),
    -- Falcons
    (14, 'Niaj', 'Niaj', 'niaj', 'niaj@example.org', '100000000000000014', 'Asia/Dhaka'),
    (17, 'Quentin', 'Quentin', 'quentin', 'quentin@example.org', '100000000000000017', 'Mars/Olympus'), -- wrong zone: UTC
    (18, 'Rupert', 'Rupert', 'rupert', 'rupert@example.org', '100000000000000018', 'Pacific/Auckland'),
    -- in no group so far
    (12, null, null, 'laura', 'laura@example.org', '100000000000000012', 'Europe/Madrid'),
    (13, 'Mike', 'Mike', 'mike', 'mike@example.org', '100000000000000013', 'America/Chicago'),
    (15, null, 'Olivia', 'olivia', 'olivia@example.org', '100000000000000015', 'Europe/London'),
    (16, 'Peggy', 'Peggy', 'peggy', 'peggy@example.org', '100000000000000016', 'America/Toronto'),
    (23, 'Wendy', 'Wendy', 'wendy', 'wendy@example.org', '100000000000000023', 'Europe/Oslo'),
    -- in groups that get nothing
    (19, 'Sybil', 'Sybil', 'sybil', 'sybil@example.org', '100000000000000019', 'Europe/Rome'),
    (20, 'Trent', 'Trent', 'trent', 'trent@example.org', '100000000000000020', 'America/Denver'),
    (21, 'Ursula', 'Ursula', 'ursula', 'ursula@example.org', '100000000000000021', 'Europe/Lisbon');

update users set email_notifications_enabled = false where user_id in (3, 14, 23); -- Carol, Niaj, Wendy
update users set dm_notifications_enabled = false where user_id in (4, 23); -- Dave, Wendy
update users set dm_notifications_enabled = null where user_id = 1; -- Alice never chose: that means on
update users set deleted_at = now() - interval '2 days' where user_id = 6; -- Frank

insert into courses_users (user_id, course_id, cohort_id, grouping_status, created_at) values
    (1, 1, 1, 'grouped', now() - interval '40 days'),
    (2, 1, 1, 'grouped', now() - interval '40 days'),
    (3, 1, 1, 'grouped', now() - interval '39 days'),
    (4, 1, 1, 'grouped', now() - interval '38 days'),
    (5, 1, 1, 'grouped', now() - interval '38 days'),
    (6, 1, 1, 'grouped', now() - interval '37 days'),
    (7, 1, 1, 'grouped', now() - interval '6 days'),
    (8, 1, 1, 'grouped', now() - interval '12 days'),
    (9, 1, 1, 'grouped', now() - interval '11 days'),
    (10, 1, 1, 'grouped', now() - interval '10 days'),
    (11, 1, 1, 'grouped', now() - interval '2 days'), -- Kevin: welcome
    (12, 1, 1, 'awaiting_grouping', now() - interval '1 hour'), -- Laura: welcome
    (13, 1, 1, 'awaiting_grouping', now() - interval '4 days'), -- Mike: too late for a welcome (expired)
    (14, 1, 1, 'grouped', now() - interval '35 days'),
    (17, 1, 1, 'grouped', now() - interval '35 days'),
    (18, 1, 1, 'grouped', now() - interval '34 days'),
    (19, 1, 1, 'grouped', now() - interval '30 days'),
    (20, 1, 2, 'grouped', now() - interval '60 days'),
    (21, 1, 1, 'grouped', now() - interval '2 days'), -- Ursula: welcome
    (23, 1, 1, 'awaiting_grouping', now() - interval '3 hours'); -- Wendy: no welcome, both channels off (opted_out)

insert into groups_users (user_id, group_id, role, status, joined_at, left_at) values
    -- Alice has two roles in the Otters: one reminder all the same.
    (1, 1, 'facilitator', 'active', now() - interval '29 days', null),
    (1, 1, 'participant', 'active', now() - interval '29 days', null),
    (2, 1, 'participant', 'active', now() - interval '29 days', null),
    (3, 1, 'participant', 'active', now() - interval '29 days', null),
    (4, 1, 'participant', 'active', now() - interval '29 days', null),
    (22, 1, 'participant', 'active', now() - interval '29 days', null),
    -- Erin left (not_a_member), Frank deleted his account (account_deleted).
    (5, 1, 'participant', 'dropped', now() - interval '29 days', now() - interval '8 days'),
    (6, 1, 'participant', 'active', now() - interval '29 days', null),
    -- Grace joined an hour ago: group_assigned, but no reminder or nudge that was due before (joined_too_late).
    (7, 1, 'participant', 'active', now() - interval '1 hour', null),
    -- Niaj switched emails off: no reminder for him, the post in the channel goes out all the same.
    (14, 2, 'participant', 'active', now() - interval '29 days', null),
    (17, 2, 'participant', 'active', now() - interval '29 days', null),
    (18, 2, 'facilitator', 'active', now() - interval '29 days', null),
    -- The Badgers were put together in the last two days: group_assigned.
    (8, 3, 'participant', 'active', now() - interval '2 days', null),
    (9, 3, 'participant', 'active', now() - interval '2 days', null),
    (10, 3, 'facilitator', 'active', now() - interval '2 days', null),
    (11, 3, 'participant', 'active', now() - interval '36 hours', null),
    -- Nothing for Sybil and Trent (group_inactive), no group_assigned for Ursula (not_applicable).
    (19, 4, 'participant', 'active', now() - interval '3 days', null),
    (20, 5, 'participant', 'active', now() - interval '3 days', null),
    (21, 6, 'participant', 'active', now() - interval '1 day', null);

-- The Otters did the lessons of their first two meetings.
insert into lesson_sessions (user_id, lesson_id, current_stage_index, started_at, last_active_at, completed_at)
select user_id, lesson_id, 5, now() - interval '15 days', now() - interval '14 days', now() - interval '14 days'
from (values (1), (2), (3), (4), (22)) as otter (user_id)
cross join (values ('introduction'), ('what-is-ai'), ('risks-from-ai'), ('intelligence-explosion')) as lesson (lesson_id);

-- Of the three for the third meeting Dave did none, Alice one, Carol and Victor two: lesson_nudge_1d. Bob did all three
-- (lessons_done); that he opened one of them again changes nothing, nor does the optional paper he did not read.
insert into lesson_sessions (user_id, lesson_id, current_stage_index, started_at, last_active_at, completed_at) values
    (1, 'goal-misgeneralisation', 5, now() - interval '5 days', now() - interval '5 days', now() - interval '5 days'),
    (1, 'reward-hacking', 2, now() - interval '2 days', now() - interval '2 days', null),
    (2, 'goal-misgeneralisation', 5, now() - interval '6 days', now() - interval '6 days', now() - interval '6 days'),
    (2, 'reward-hacking', 5, now() - interval '6 days', now() - interval '5 days', now() - interval '5 days'),
    (2, 'deceptive-alignment', 5, now() - interval '4 days', now() - interval '4 days', now() - interval '4 days'),
    (2, 'reward-hacking', 1, now() - interval '1 day', now() - interval '1 day', null),
    (3, 'goal-misgeneralisation', 5, now() - interval '5 days', now() - interval '5 days', now() - interval '5 days'),
    (3, 'reward-hacking', 5, now() - interval '3 days', now() - interval '3 days', now() - interval '3 days'),
    (22, 'goal-misgeneralisation', 5, now() - interval '2 days', now() - interval '2 days', now() - interval '2 days'),
    (22, 'deceptive-alignment', 5, now() - interval '1 day', now() - interval '1 day', now() - interval '1 day');

-- Of the two for the Badgers' first meeting Judy did one: half is not less than half (lessons_done). The others did none.
insert into lesson_sessions (user_id, lesson_id, current_stage_index, started_at, last_active_at, completed_at) values
    (10, 'introduction', 5, now() - interval '1 day', now() - interval '1 day', now() - interval '1 day');

-- Trial lessons. Olivia started hers yesterday: trial_nudge. Peggy finished hers and opened it again (lessons_done). Mike
-- is in the course (not_applicable). Of an anonymous visitor nobody knows where to write.
insert into lesson_sessions (user_id, lesson_id, current_stage_index, started_at, last_active_at, completed_at) values
    (15, 'introduction', 1, now() - interval '26 hours', now() - interval '25 hours', null),
    (16, 'introduction', 5, now() - interval '40 hours', now() - interval '39 hours', now() - interval '39 hours'),
    (16, 'introduction', 1, now() - interval '30 hours', now() - interval '30 hours', null),
    (13, 'introduction', 2, now() - interval '30 hours', now() - interval '30 hours', null),
    (null, 'introduction', 0, now() - interval '27 hours', now() - interval '27 hours', null);

-- The next rows get the next ids.
select setval(pg_get_serial_sequence('courses', 'course_id'), (select max(course_id) from courses));
select setval(pg_get_serial_sequence('cohorts', 'cohort_id'), (select max(cohort_id) from cohorts));
select setval(pg_get_serial_sequence('groups', 'group_id'), (select max(group_id) from groups));
select setval(pg_get_serial_sequence('users', 'user_id'), (select max(user_id) from users));
