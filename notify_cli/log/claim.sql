-- Take deliveries for this run: one statement, committed before any request goes out.
with wanted as (
    select *
    from (/* include wanted */) as w
    -- A cancellation may have come since these were found; what was stored after it was meant to go out.
    -- `offset 0` keeps it a look by key for each row: as a join it would be planned to read the whole log.
    where not exists (
        select from :"log".reminders_log c
        where c.notification_key = concat(
                substring(w.notification_key from '^[^/]*/[^/]*/'), 'cancelled', substring(w.notification_key from '~.*$')
            )
            and not exists (
                select from :"log".reminders_log s
                where s.notification_key = w.notification_key
                    and s.context ? 'variables' and s.created_at > c.created_at
            )
        offset 0
    )
),
-- A known key is taken over only where it waits, or was refused at an address that is mended since, and nobody holds it.
-- What another run has locked it is taking at this moment: skipped, so that two batches cannot deadlock.
free as materialized (
    select l.reminder_id, w.reminder_type, w.useful_until
    from wanted w
    cross join lateral (
        select l.reminder_id
        from :"log".reminders_log l
        where l.notification_key = w.notification_key
            and (l.delivery_status = 'pending'
                or l.delivery_status in ('failed', 'bounced') and l.notification_key = any(:mended::text[]))
            and coalesce(l.claimed_until <= :now, true)
            and coalesce(l.retry_at <= :now, true)
        for update skip locked
    ) as l
),
taken as (
    update :"log".reminders_log l
    set attempts = case
            when l.delivery_status in ('failed', 'bounced') then 1
            else least(coalesce(l.attempts, 0), 1000000) + 1
        end,
        delivery_status = 'pending',
        -- the next version of a calendar may have turned from an update into a cancellation
        reminder_type = free.reminder_type,
        useful_until = free.useful_until,
        context = case
            when jsonb_typeof(l.context) = 'object' then nullif(l.context - '{refused_at,account_refused}'::text[], '{}')
        end,
        claimed_until = :now + :lease::interval,
        claim_token = :token::uuid
    from free
    where l.reminder_id = free.reminder_id
    returning l.reminder_id, l.notification_key, l.attempts, l.context
),
-- A new key makes its row. Only a key without a row comes so far: an id is used up even where nothing is inserted. Of
-- several runs that want a key at the same instant the unique index lets one through; ordered, so that they wait in line.
made as (
    insert into :"log".reminders_log as l (
        message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
        due_at, useful_until, attempts, claimed_until, claim_token, sent_at
    )
    select
        '', w.reminder_type, cast(w.method as :"log".delivery_method), 'pending', w.job_id, w.notification_key,
        w.due_at, w.useful_until, 1, :now + :lease::interval, :token::uuid, null
    from wanted w
    where not exists (
        select from :"log".reminders_log l where l.notification_key = w.notification_key offset 0
    )
    order by w.notification_key
    on conflict (notification_key) where notification_key is not null do nothing
    returning l.reminder_id, l.notification_key, l.attempts, l.context
),
claimed as (
    select * from taken
    union all
    select * from made
),
-- As addressed.sql has it, but looked at with the first attempt alone: with the next ones it is there.
addressed as (
    insert into :"log".reminder_recipients_log (reminder_id, user_id, group_id)
    select c.reminder_id, w.user_id, case when w.user_id is null then w.group_id end
    from claimed c
    join wanted w on w.notification_key = c.notification_key
    where c.attempts = 1
        and not exists (select from :"log".reminder_recipients_log r where r.reminder_id = c.reminder_id)
)
select reminder_id, notification_key, attempts, context from claimed
