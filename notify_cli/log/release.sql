-- Give claims back as they were: not attempted, free for the next run.
with ours as (
    select l.reminder_id
    from :"log".reminders_log l
    where l.reminder_id = any(:reminder_ids::bigint[]) and l.claim_token = :token::uuid
    -- locked in the order of the claim, so that it and a claim by whoever took over cannot deadlock
    order by l.notification_key
    for update
)
update :"log".reminders_log l
set attempts = l.attempts - 1, claimed_until = null, claim_token = null
from ours
where l.reminder_id = ours.reminder_id
