-- Put down, before the request, what must be sent the same again: the content of calendar invites. Not where the lease is
-- lost, nor for a version of a series that another run has overtaken since this one looked.
update :"log".reminders_log l
set context = f.context
from unnest(:reminder_ids::bigint[], :contexts::jsonb[]) as f (reminder_id, context)
where l.reminder_id = f.reminder_id and l.claim_token = :token::uuid
    and not exists (
        select from :"log".reminders_log other
        where other.notification_key is not null
            and other.context ? 'calendar'
            and other.context #>> '{calendar,series}' = f.context #>> '{calendar,series}'
            and other.context #> '{calendar,sequence}' >= f.context #> '{calendar,sequence}'
            and other.reminder_id <> l.reminder_id
    )
returning l.reminder_id
