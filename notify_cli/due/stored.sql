-- Messages that were stored for later (send --at, schedule_reminder): they are in the log already, with what they say.
select
    l.job_id,
    split_part(l.notification_key, '/', 2) as occurrence,
    l.reminder_type,
    array[l.delivery_method::text] as methods,
    r.user_id,
    coalesce(r.group_id, (l.context ->> 'group_id')::int) as group_id,
    (l.context ->> 'meeting_id')::int as meeting_id,
    l.due_at,
    l.useful_until,
    null::timestamptz as joined_at,
    -- stored for the people of a group: who has left it since is not one of them any more
    r.user_id is null or l.context ->> 'group_id' is null or exists (
        select from notify.members mb
        where mb.group_id = (l.context ->> 'group_id')::int and mb.user_id = r.user_id and mb.active
    ) as active,
    null as exclusion,
    null as note
from reminders_log l
join reminder_recipients_log r on r.reminder_id = l.reminder_id
where l.delivery_status = 'pending'
    and l.notification_key is not null
    and l.context ? 'variables'
    and l.due_at <= :horizon
    and l.useful_until > :floor
    and (:user_ids is null or r.user_id = any(:user_ids))
    and (:group_ids is null or coalesce(r.group_id, (l.context ->> 'group_id')::int) = any(:group_ids))
    and (:meeting_ids is null or (l.context ->> 'meeting_id')::int = any(:meeting_ids))
