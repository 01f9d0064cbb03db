-- What all hosts share, apart from the log.
create schema if not exists notify;

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
