-- Every candidate of the rules with its verdict: the first reason why it does not go out now, or that it does.
-- The sweep takes the claimable rows, `upcoming` those to come, `explain` all of one person: one set of conditions.
-- materialized, for the planner: rules and frame as one statement take twice as long to plan, which is all that an
-- idle run does
with candidate as materialized (
    /* rules */
),
-- one row per delivery: a rule names the recipient once, the registry by which methods its type goes out. A row without
-- user_id is valid only for posts; others exist so that `cancel` sees the job.
-- :ways has the methods as the registry has them: the column of an address, the column by which people switch it off,
-- whether it is a post. As a value, not as rows to join: PostgreSQL would expect one row of the join, and plan for that.
addressed as (
    select
        c.*,
        m.method,
        :ways::jsonb -> m.method as way,
        concat_ws('/', c.job_id, c.occurrence, m.method,
            coalesce('user_' || c.user_id, 'group_' || c.group_id)) || :mark::text as notification_key
    from candidate c
    cross join lateral unnest(c.methods) as m (method)
    where (c.user_id is null) = (:ways::jsonb #>> array[m.method, 'post'])::boolean
),
judged as (
    select
        a.*,
        l.context, l.attempts, l.sent_at, l.delivery_error, l.retry_at, cancellation.created_at as cancelled_at,
        at.address, at.mended, moment.at as goes_out_at, moment.moved_from, moment.is_in_window,
        case
            when l.context ? 'absorbed_by' then 'what it says is in ' || (l.context ->> 'absorbed_by')
            when room.is_deserted then 'nobody is in the group'
            else a.note
        end as reason,
        case
            when l.context ? 'absorbed_by' then 'absorbed'
            /* now */ when l.delivery_status = 'delivered' then 'sent'
            when l.delivery_status in ('failed', 'cancelled', 'expired', 'bounced') and not at.mended
                then l.delivery_status::text /* then: */
            when a.user_id is not null and p.user_id is null then 'account_deleted'
            -- a group that ended still takes its meetings out of its people's calendars
            when a.group_id is not null and not coalesce(g.active, false) and not a.outlives_group
                then 'group_inactive'
            when not a.active then 'not_a_member'
            when a.reminder_type = any(:disabled::text[]) then 'disabled'
            -- what was stored after the cancellation was meant to go out
            when cancellation.reminder_id is not null
                and not coalesce(l.context ? 'variables' and l.created_at > cancellation.created_at, false)
                /* now *//* then: and cancellation.created_at <= greatest(a.due_at, :judged_from::timestamptz) + interval '1 minute' */
                then 'cancelled'
            when a.joined_at > a.due_at then 'joined_too_late'
            when a.exclusion is not null then a.exclusion
            when a.by_rule and a.user_id is not null and exists (
                /* include declined */
            ) then 'not_attending'
            when not case a.way ->> 'preference'
                when 'email_enabled' then p.email_enabled
                when 'dm_enabled' then p.dm_enabled
            end then 'opted_out'
            when (
                /* include choice */
            ) = false then 'opted_out'
            when at.address is null then 'no_address'
            when room.is_deserted then 'not_applicable'
            when a.way ->> 'address' = 'email'
                and exists (select from notify.suppressions x where lower(x.email) = lower(at.address)
                    /* now *//* then: and x.since <= greatest(a.due_at, :judged_from::timestamptz) + interval '1 minute' */) then 'suppressed'
            -- a message stored under the key of a rule takes the rule's place, at its own time
            when l.context ? 'variables' and l.due_at <> a.due_at then 'not_applicable'
            -- a type that has not started yet starts with the next sweep
            when a.by_rule and a.due_at < coalesce(s.since, :now) then 'before_start'
            when a.useful_until <= :now then 'expired'
            when moment.at > :now then 'not_due_yet'
            when l.attempts > 0 and not at.mended then 'retrying'
            else 'will_send'
        end as verdict,
        coalesce(l.claimed_until <= :now, true) and coalesce(l.retry_at <= :now, true) as free
    from addressed a
    -- one look each, by index: a join would be planned by estimates, and read the whole log for a handful of candidates
    left join lateral (
        select * from notify.people x where x.user_id = a.user_id limit 1
    ) as p on true
    left join lateral (
        select * from notify.groups x where x.group_id = a.group_id limit 1
    ) as g on true
    -- a group that nobody is in gets no posts
    cross join lateral (
        select a.by_rule and a.user_id is null and not exists (
            select from notify.members mb
            where mb.group_id = a.group_id and /* now */ mb.active /* then: mb.joined_at <= greatest(a.due_at, :judged_from::timestamptz) + interval '1 minute'
                and (mb.active or mb.left_at > greatest(a.due_at, :judged_from::timestamptz) + interval '1 minute') */
        ) as is_deserted
    ) as room
    left join notify.since s on s.reminder_type = a.reminder_type
    left join lateral (
        select * from :"log".reminders_log x where x.notification_key = a.notification_key limit 1
    ) as l on true
    left join lateral (
        select x.reminder_id, x.created_at from :"log".reminders_log x
        where x.notification_key = concat_ws('/', a.job_id, a.occurrence, 'cancelled') || :mark::text limit 1
    ) as cancellation on true
    cross join lateral (
        /* include address */
    ) as at
    -- by the settings: moment.sql or quiet_moment.sql
    cross join lateral (
        /* moment */
    ) as moment
),
-- two roles in a group, or a stay that ended and one that goes on, are one delivery: what goes out wins, then the stay
single as (
    select distinct on (notification_key) *
    from (
        /* judged */
    ) as judged
    where is_in_window
        and (:verdicts::text[] is null or said = any(:verdicts::text[]) and (free or not :free_only::boolean))
    order by notification_key, said in ('will_send', 'retrying', 'not_due_yet') desc,
        said <> 'not_applicable' desc, active desc, goes_out_at
)
select
    job_id, occurrence, reminder_type, method, user_id, group_id, meeting_id, goes_out_at as due_at, moved_from,
    useful_until, context, said as verdict, said_because as note, attempts, sent_at, delivery_error, retry_at,
    cancelled_at, address, mended
from single
-- what is useful for the shortest time goes first
order by useful_until, goes_out_at, notification_key
