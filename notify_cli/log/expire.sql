-- Close pending rows that are of no use any more and that nobody is sending. The same statement puts down when this host
-- has swept: a run that has nothing to do sends no other.
with useless as (
    select reminder_id
    from :"log".reminders_log
    where delivery_status = 'pending'
        -- as own.sql has it, which cannot be locked
        and (notification_key like '%~rehearsal') = (:mark::text <> '')
        and useful_until <= :now
        and coalesce(claimed_until <= :now, true)
    for update skip locked
),
closed as (
    update :"log".reminders_log l
    set delivery_status = 'expired', claimed_until = null, claim_token = null
    from useless
    where l.reminder_id = useless.reminder_id
    returning l.attempts
),
swept as (
    insert into notify.runs as r (host, last_swept_at)
    select :host::text, :swept_at::timestamptz
    where :host::text is not null
    on conflict (host) do update set last_swept_at = greatest(r.last_swept_at, excluded.last_swept_at)
),
-- hosts that are gone
forgotten as (
    delete from notify.runs r
    where r.host <> :host::text and r.last_swept_at < :swept_at::timestamptz - interval '2 days'
)
select count(*) as closed, count(*) filter (where coalesce(attempts, 0) = 0) as untried from closed
