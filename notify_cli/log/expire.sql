-- Close pending rows that are of no use any more and that nobody is sending.
with useless as (
    select reminder_id
    from :"log".reminders_log
    where delivery_status = 'pending'
        -- as own.sql has it, which cannot be locked
        and (notification_key like '%~rehearsal') = (:mark::text <> '')
        and useful_until <= :now
        and coalesce(claimed_until <= :now, true)
    for update skip locked
)
update :"log".reminders_log l
set delivery_status = 'expired', claimed_until = null, claim_token = null
from useless
where l.reminder_id = useless.reminder_id
