-- Messages that were stored for later (send --at, schedule_reminder): they are in the log already, with what they say.
select
    l.job_id,
    split_part(l.notification_key, '/', 2) as occurrence,
    l.reminder_type,
    array[l.delivery_method::text] as methods,
    r.user_id,
    coalesce(r.group_id, said.group_id) as group_id,
    said.meeting_id,
    l.due_at,
    l.useful_until,
    null::timestamptz as joined_at,
    -- stored for the people of a group: who has left it since is not one of them any more
    r.user_id is null or said.group_id is null or exists (
        select from notify.members mb
        where mb.group_id = said.group_id and mb.user_id = r.user_id and mb.active
    ) as active,
    case when said.is_damaged or meeting.has_gone then 'not_applicable' end as exclusion,
    case
        when said.is_damaged then 'its row in the log is damaged'
        when meeting.has_gone then 'its meeting was moved or deleted'
    end as note,
    false as outlives_group,
    false as by_rule,
    false as can_wait
from (/* include /log/own */) as l
join :"log".reminder_recipients_log r on r.reminder_id = l.reminder_id
-- what it is about, where that can be read as ids
cross join lateral (
    select
        case when ids.group_id ~ '^[0-9]{1,18}$' then ids.group_id::bigint end as group_id,
        case when ids.meeting_id ~ '^[0-9]{1,18}$' then ids.meeting_id::bigint end as meeting_id,
        jsonb_typeof(l.context -> 'variables') is distinct from 'object'
            or coalesce(ids.group_id !~ '^[0-9]{1,18}$', false) or coalesce(ids.meeting_id !~ '^[0-9]{1,18}$', false)
            as is_damaged
    from (select l.context ->> 'group_id' as group_id, l.context ->> 'meeting_id' as meeting_id) as ids
    offset 0
) as said
-- under the job of a meeting's rule it is about this very time, and another time has a reminder of its own
cross join lateral (
    select l.context ? 'meeting_id' and not exists (
        select from notify.meetings m
        where m.meeting_id = said.meeting_id
            and split_part(split_part(l.notification_key, '/', 2), '+', 1)
                in ('-', to_char(m.starts_at at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'))
    ) as has_gone
) as meeting
where l.delivery_status = 'pending'
    and l.reminder_type is not null
    -- under any other key it would not be found again
    and l.notification_key = concat_ws('/', l.job_id, split_part(l.notification_key, '/', 2), l.delivery_method::text,
        coalesce('user_' || r.user_id, 'group_' || r.group_id)) || :mark::text
    and l.job_id is not null
    and l.context ? 'variables'
    and l.due_at <= :horizon
    and l.useful_until > :floor
    and (:user_ids::bigint[] is null or r.user_id = any(:user_ids::bigint[]))
    and (
        :group_ids::bigint[] is null
        or coalesce(r.group_id, said.group_id) = any(:group_ids::bigint[])
    )
    and (:meeting_ids::bigint[] is null or said.meeting_id = any(:meeting_ids::bigint[]))
