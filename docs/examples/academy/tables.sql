-- The tables of another platform, an academy, as its own migrations made them. Nothing here is made for notify.
create schema academy;

create table academy.account (
    account_no bigint generated always as identity primary key,
    display_name varchar(80),
    mail varchar(254),
    mail_off boolean not null default false,
    chat_id bigint,  -- of Discord
    chat_off boolean not null default false,
    zone text,  -- such as Europe/Berlin
    language text,
    closed_at timestamptz
);

-- A course that is held at a certain time.
create table academy.run (
    run_no integer generated always as identity primary key,
    title varchar(200) not null,
    state text not null default 'open' check (state in ('open', 'over', 'dropped'))
);

-- A small group within a run.
create table academy.pod (
    pod_no integer generated always as identity primary key,
    run_no integer not null references academy.run,
    title varchar(80) not null,
    chat_channel bigint,
    dissolved_at timestamptz
);

-- Somebody signs up for a run; later on they are put into a pod.
create table academy.signup (
    signup_no bigint generated always as identity primary key,
    account_no bigint not null references academy.account,
    run_no integer not null references academy.run,
    signed_up_at timestamptz not null default now(),
    pod_no integer references academy.pod,
    in_pod_since timestamptz,
    leads_pod boolean not null default false,
    withdrawn_at timestamptz
);

create table academy.sitting (
    sitting_no bigint generated always as identity primary key,
    pod_no integer not null references academy.pod,
    scheduled_at timestamptz not null,
    minutes numeric(4, 0),
    room varchar(500),
    called_off boolean not null default false,
    entered_at timestamptz not null default now()
);

-- Answers to a sitting, and visits by people of other pods.
create table academy.visit (
    sitting_no bigint not null references academy.sitting,
    account_no bigint not null references academy.account,
    answer text check (answer in ('yes', 'no')),
    as_guest boolean not null default false,
    primary key (sitting_no, account_no)
);

-- How far somebody is, section by section.
create table academy.section_progress (
    account_no bigint not null references academy.account,
    section text not null,
    opened_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (account_no, section)
);

-- What somebody does not want: a message, by mail, by chat or at all.
create table academy.mute (
    account_no bigint not null references academy.account,
    message text not null,
    medium text check (medium in ('mail', 'chat'))
);
