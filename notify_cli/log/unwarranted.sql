-- What was delivered though, as of its sending, it should not have been, by what is dated in the tables. A few minutes
-- are those in which it was on its way.
select
    l.job_id, l.notification_key, l.reminder_type, l.delivery_method::text as method, l.due_at, l.useful_until,
    r.user_id, r.group_id, why.reason
from (/* include /log/own */) as l
join lateral (
    select r.user_id, r.group_id from :"log".reminder_recipients_log r where r.reminder_id = l.reminder_id limit 1
) as r on true
-- the group that it is about, by its job
left join lateral (
    select case
        when l.job_id ~ '^group_[0-9]{1,18}_' then split_part(l.job_id, '_', 2)::bigint
        when l.job_id ~ '^meeting_[0-9]{1,18}_' then (
            select m.group_id from notify.meetings m where m.meeting_id = split_part(l.job_id, '_', 2)::bigint limit 1
        )
    end as group_id
    where r.user_id is not null
    offset 0
) as about on true
left join lateral (
    select max(mb.left_at) as at
    from notify.members mb
    where mb.group_id = about.group_id and mb.user_id = r.user_id
    having bool_and(not mb.active and mb.left_at is not null)
) as leaving on true
left join lateral (
    select c.created_at as at
    from :"log".reminders_log c
    where c.notification_key
        = concat_ws('/', l.job_id, split_part(l.notification_key, '/', 2), 'cancelled') || :mark::text
    limit 1
) as cancellation on true
cross join lateral (
    select case
        when leaving.at < l.sent_at - :tolerance::interval and l.reminder_type <> all(:outliving::text[])
            then 'its reader had left the group before'
        when cancellation.at < l.sent_at - :tolerance::interval and not coalesce(l.context ? 'variables', false)
            then 'it was cancelled before'
        when l.sent_at > l.useful_until + :tolerance::interval then 'it was not useful any more'
        when l.sent_at < l.due_at - :tolerance::interval then 'it was not due yet'
    end as reason
) as why
where l.due_at > :floor
    and l.due_at <= :now
    and l.delivery_status::text = 'delivered'
    and l.sent_at is not null
    and why.reason is not null
order by l.due_at, l.notification_key
