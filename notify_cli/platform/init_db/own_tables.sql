-- What all hosts share, apart from the log.
do $$ begin
    if to_regnamespace('notify') is null then
        create schema notify;
    end if;
end $$;

-- The shared pace: `next_at` is when the next send under this name may start, for all hosts.
create table if not exists notify.throttle (
    name text primary key,
    next_at timestamptz not null
);

-- DM channels that were opened once; opening many quickly is what Discord limits hardest.
create table if not exists notify.dm_channels (
    discord_id text primary key,
    channel_id text not null
);

-- Views that are away while the platform migrates (init-db --drop-views), with what is needed to make them again.
create table if not exists notify.saved_views (
    name text primary key,
    position int not null,
    definition text not null,
    options text,
    comment text,
    owner text not null,
    rights text[] not null,
    saved_at timestamptz not null default now()
);

-- From when on each message type goes out by itself: nothing that was due before is sent.
create table if not exists notify.since (
    reminder_type text primary key,
    since timestamptz not null
);

-- Which installation this is, since when, and which table was its log: one that was made anew is found by that.
create table if not exists notify.installation (
    id uuid primary key,
    installed_at timestamptz not null,
    log oid not null
);

-- When each host has swept last.
create table if not exists notify.runs (
    host text primary key,
    last_swept_at timestamptz not null
);

-- Addresses that the email provider does not deliver to any more, by its lists; `notify reconcile` adds and lifts them.
create table if not exists notify.suppressions (
    email text not null,
    reason text not null,
    since timestamptz not null,
    primary key (email, reason)
);
create index if not exists suppressions_address on notify.suppressions (lower(email));

-- The `send` lines of messages files as the rules take them, by a digest of the files: an idle run parses no YAML.
create table if not exists notify.timing (
    digest text primary key,
    compiled jsonb not null
);

-- Up to which time each of those lists was read.
create table if not exists notify.reconciled (
    list text primary key,
    read_until timestamptz not null
);
