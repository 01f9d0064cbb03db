-- Give claims back as they were: not attempted, free for the next run.
with given as (
    select * from unnest(:reminder_ids::bigint[], :contexts::jsonb[]) as c (reminder_id, context)
),
-- Locked in the order of the claim, so that it and a claim by whoever took over cannot deadlock.
ours as (
    select l.reminder_id
    from :"log".reminders_log l
    where l.reminder_id = any(:reminder_ids::bigint[]) and l.claim_token = :token::uuid
    order by l.notification_key
    for update
)
update :"log".reminders_log l
set attempts = l.attempts - 1, claimed_until = null, claim_token = null, context = given.context
from ours
join given on given.reminder_id = ours.reminder_id
where l.reminder_id = ours.reminder_id
