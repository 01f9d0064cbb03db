-- Delete up to so many rows that nothing needs any more: all of them are older than the cutoff, and none of them could
-- keep a message from going out twice, or a job from going out at all. `dry` counts, and deletes nothing.
with old as (
    select l.reminder_id, l.notification_key, l.job_id, l.delivery_status::text as status,
        split_part(l.job_id, '_', 1) as subject,
        case when l.job_id ~ '^[a-z]+_[0-9]{1,18}_' then split_part(l.job_id, '_', 2)::bigint end as id,
        split_part(split_part(l.notification_key, '/', 2), '+', 1) as occurrence,
        l.notification_key ~ '/cancelled(~.*)?$' as is_cancellation
    from :"log".reminders_log l
    where l.notification_key is not null
        -- what waits, and what nobody may send again
        and l.delivery_status::text <> 'pending'
        and coalesce(greatest(l.useful_until, l.sent_at), l.created_at) < :cutoff::timestamptz
        and coalesce(l.due_at, l.created_at) < :cutoff::timestamptz
),
needless as (
    select o.reminder_id
    from old o
    left join lateral (
        select r.user_id from :"log".reminder_recipients_log r where r.reminder_id = o.reminder_id limit 1
    ) as r on true
    -- the meeting's start, the time of joining
    cross join lateral (
        select case when o.occurrence ~ '^[0-9]{8}T[0-9]{6}Z$' then o.occurrence end as stamp
    ) as at
    where case
        -- about a meeting that was held before: its window is over, whatever its row says now. A job that was cancelled
        -- for a time to come stays cancelled.
        when o.subject = 'meeting' and o.id is not null and at.stamp is not null
            then at.stamp < to_char(:cutoff::timestamptz at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
        when o.is_cancellation then false
        -- once in a life: as long as there is the person, a first enrolment can come again
        when o.subject = 'user' and o.id is not null
            then not exists (select from notify.people p where p.user_id = o.id)
        -- once for a stay: as long as it lasts; and what a calendar that is in use was told
        when o.subject = 'group' and o.id is not null then not exists (
            select from notify.members mb where mb.group_id = o.id and mb.user_id = r.user_id and mb.active
        ) and not exists (
            select from notify.calendars c
            where c.group_id = o.id and c.user_id = r.user_id and c.live_until > now()
        )
        -- once for a lesson: no later session of it is nudged for
        when o.subject = 'trial' and o.id is not null
            then not exists (select from notify.lesson_sessions s where s.session_id = o.id)
        -- sent by hand
        else true
    end
    limit :most::int
),
addressed as (
    delete from :"log".reminder_recipients_log r
    using needless n
    where r.reminder_id = n.reminder_id and not :dry::boolean
),
gone as (
    delete from :"log".reminders_log l
    using needless n
    where l.reminder_id = n.reminder_id and not :dry::boolean
)
select count(*) as count from needless
