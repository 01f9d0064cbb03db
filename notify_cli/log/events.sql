-- The log as people read it: what became of each delivery, in the words of `explain` and `send`, and when; of each how many
-- there are in all. Rows of other writers are told as they are.
with cancelled as (
    -- what waits is cancelled by its job's cancellation, unless it was stored since
    select l.reminder_id, c.reminder_id as by_id, c.created_at
    from :"log".reminders_log l
    cross join lateral (
        select c.reminder_id, c.created_at
        from :"log".reminders_log c
        where c.notification_key = concat(
                substring(l.notification_key from '^[^/]*/[^/]*/'), 'cancelled', substring(l.notification_key from '~.*$')
            )
            and c.delivery_status = 'cancelled'
            and not coalesce(l.context ? 'variables' and l.created_at > c.created_at, false)
        offset 0
    ) as c
    where l.delivery_status = 'pending' and l.notification_key is not null
),
told as (
    select
        l.reminder_id, l.job_id, l.notification_key, l.reminder_type,
        l.delivery_method::text as method,
        case
            when cancelled.by_id is not null then 'cancelled'
            when l.delivery_status = 'pending' and coalesce(l.attempts, 0) = 0 then 'scheduled'
            when l.delivery_status = 'pending' then 'retrying'
            when l.delivery_status = 'cancelled' and l.context ? 'absorbed_by' then 'absorbed'
            else l.delivery_status::text
        end as status,
        l.delivery_error as error,
        r.user_id, r.group_id, l.due_at, l.sent_at, l.attempts,
        l.context -> 'tried' -> -1 ->> 'at' as tried_at,
        coalesce(
            cancelled.created_at,
            case when l.delivery_status = 'expired' then l.useful_until end,
            l.sent_at, l.created_at, l.due_at
        ) as changed_at,
        coalesce(p.name, g.group_name) as name
    from :"log".reminders_log l
    left join cancelled on cancelled.reminder_id = l.reminder_id
    left join :"log".reminder_recipients_log r on r.reminder_id = l.reminder_id
    left join notify.people p on p.user_id = r.user_id
    left join notify.groups g on g.group_id = r.group_id
    where not exists (select from cancelled other where other.by_id = l.reminder_id)
        and (:user_id::bigint is null or r.user_id = :user_id::bigint)
        and (:group_id::bigint is null or r.group_id = :group_id::bigint)
        and (:types::text[] is null or l.reminder_type = any(:types::text[]))
        and (:job_pattern::text is null or l.job_id like :job_pattern::text)
)
select told.*, count(*) over () as all_rows
from told
where (:statuses::text[] is null or told.status = any(:statuses::text[])
        or told.status = 'scheduled' and case when told.due_at <= :now then 'will_send' else 'not_due_yet' end
            = any(:statuses::text[]))
    and (:since::timestamptz is null or told.changed_at >= :since::timestamptz or told.tried_at is not null)
order by told.changed_at desc nulls last, told.reminder_id desc
limit :most::int
