-- The rows that this run still holds: a sender that outlived its lease finds another token, and none. Locked in the order of
-- the claim, so that it and a claim by whoever took over cannot deadlock.
select l.reminder_id
from :"log".reminders_log l
where l.reminder_id = any(:reminder_ids::bigint[]) and l.claim_token = :token::uuid
order by l.notification_key
for update
