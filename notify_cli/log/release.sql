-- Give claims back as they were: not attempted, free for the next run.
with given as (
    select * from unnest(:reminder_ids::bigint[], :contexts::jsonb[]) as c (reminder_id, context)
),
ours as (
    /* include ours */
)
update :"log".reminders_log l
set attempts = l.attempts - 1, claimed_until = null, claim_token = null, context = given.context
from ours
join given on given.reminder_id = ours.reminder_id
where l.reminder_id = ours.reminder_id
