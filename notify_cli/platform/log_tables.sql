-- What notify writes. Additive only: existing tables, columns and rows stay as they are, other writers keep working.

do $$ begin
    create type delivery_method as enum ('email', 'discord_dm', 'discord_channel');
exception when duplicate_object then null;
end $$;

do $$ begin
    create type delivery_status as enum ('pending', 'delivered', 'failed');
exception when duplicate_object then null;
end $$;

alter type delivery_status add value if not exists 'cancelled';
alter type delivery_status add value if not exists 'expired';

create table if not exists reminders_log (
    reminder_id serial primary key,
    message text not null,
    reminder_type text not null,
    sent_at timestamptz,
    delivery_method delivery_method,
    delivery_status delivery_status default 'pending',
    delivery_error text,
    created_at timestamptz default now()
);

create table if not exists reminder_recipients_log (
    reminder_user_id serial primary key,
    reminder_id int not null references reminders_log (reminder_id) on delete cascade,
    user_id int,
    group_id int,
    created_at timestamptz default now()
);

-- Null until delivered: a row is there before its request is.
alter table reminders_log alter column sent_at drop not null;
-- A post in a group's channel has no person, a message to a person no group.
alter table reminder_recipients_log alter column user_id drop not null, alter column group_id drop not null;
-- A cancellation belongs to a job, not to a channel.
alter table reminders_log alter column delivery_method drop not null;

alter table reminders_log
    add column if not exists job_id text,
    add column if not exists notification_key text,
    add column if not exists due_at timestamptz,
    add column if not exists useful_until timestamptz,
    add column if not exists attempts int,
    add column if not exists retry_at timestamptz,
    add column if not exists claimed_until timestamptz,
    add column if not exists claim_token uuid,
    add column if not exists provider_message_id text,
    add column if not exists context jsonb;
