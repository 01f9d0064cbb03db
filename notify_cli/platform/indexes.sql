-- Indexes that keep a sweep at the cost of its due window. Each statement runs on its own, outside a transaction,
-- and CONCURRENTLY, so that a live table stays writable; one whose table does not exist is passed over.

-- one delivery per key, for all hosts: the claim rests on it
create unique index concurrently if not exists reminders_log_notification_key_idx
    on reminders_log (notification_key) where notification_key is not null;

-- rows to retry, expire or send later
create index concurrently if not exists reminders_log_pending_idx
    on reminders_log (due_at) where delivery_status = 'pending' and notification_key is not null;

-- what a member's calendar holds; no two versions of a series share a SEQUENCE, whoever sends them
create unique index concurrently if not exists reminders_log_calendar_version_idx
    on reminders_log ((context #>> '{calendar,series}'), ((context #>> '{calendar,sequence}')::int))
    where context ? 'calendar';
create index concurrently if not exists reminders_log_calendar_until_idx
    on reminders_log ((context #>> '{calendar,until}')) where context ? 'calendar';

-- the log of one person, one group, one delivery
create index concurrently if not exists reminder_recipients_log_reminder_idx on reminder_recipients_log (reminder_id);
create index concurrently if not exists reminder_recipients_log_user_idx on reminder_recipients_log (user_id);

-- the platform's tables, by the columns the rules' windows run over
create index concurrently if not exists notify_meetings_scheduled_time_idx on meetings (scheduled_time_utc);
create index concurrently if not exists notify_meetings_group_idx on meetings (group_id, scheduled_time_utc);
create index concurrently if not exists notify_meetings_created_at_idx on meetings (created_at);
create index concurrently if not exists notify_groups_users_group_idx on groups_users (group_id);
create index concurrently if not exists notify_groups_users_user_idx on groups_users (user_id);
create index concurrently if not exists notify_groups_users_joined_at_idx on groups_users (joined_at);
create index concurrently if not exists notify_courses_users_user_idx on courses_users (user_id);
create index concurrently if not exists notify_courses_users_created_at_idx on courses_users (created_at);
create index concurrently if not exists notify_lesson_sessions_user_idx on lesson_sessions (user_id, lesson_id);
create index concurrently if not exists notify_lesson_sessions_started_at_idx on lesson_sessions (started_at);
