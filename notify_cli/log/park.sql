-- What became of these cannot be written down. Their lease never ends: no run takes them, nor lets them expire.
update :"log".reminders_log
set claimed_until = 'infinity', claim_token = null
where reminder_id = any(:reminder_ids::bigint[]) and claim_token = :token::uuid
