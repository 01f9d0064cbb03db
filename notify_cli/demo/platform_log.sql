-- The platform's own log of reminders, as it is before `notify init-db` extends it.

create type delivery_method as enum ('email', 'discord_dm', 'discord_channel');
create type delivery_status as enum ('pending', 'delivered', 'failed');

create table reminders_log (
    reminder_id serial primary key,
    message text not null,
    reminder_type text not null,
    sent_at timestamptz not null default now(),
    delivery_method delivery_method,
    delivery_status delivery_status default 'pending',
    delivery_error text,
    created_at timestamptz not null default now()
);

create table reminder_recipients_log (
    reminder_user_id serial primary key,
    reminder_id integer not null references reminders_log on delete cascade,
    user_id integer references users on delete cascade,
    group_id integer references groups on delete cascade,
    created_at timestamptz not null default now()
);
create index on reminder_recipients_log (reminder_id);
