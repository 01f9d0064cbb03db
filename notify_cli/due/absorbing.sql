-- The candidates, where types have the content of others (`absorbs`). Of two that are due to one reader by one method about
-- one meeting, only the one that has both goes out: while it may still go out the other waits, and once it has, the other
-- never does. If it fails or comes to nothing, the other is due again.
select
    j.*,
    case when taken.by is null then j.verdict else 'absorbed' end as said,
    case when taken.by is null then j.reason else 'what it says is in ' || taken.by end as said_because
from judged j
left join lateral (
    select other.name as by, concat_ws('/',
        concat_ws('_', other.subject, j.meeting_id, other.job), j.occurrence, j.method, 'user_' || j.user_id
    ) || :mark::text as notification_key
    from (/* include types */) as other
    where other.absorbs = j.reminder_type and j.by_rule and j.user_id is not null and j.meeting_id is not null
        and j.verdict in ('will_send', 'retrying', 'not_due_yet' /* now *//* then: , 'expired' */)
    limit 1
) as absorber on true
left join judged b on b.notification_key = absorber.notification_key and b.by_rule
    and b.verdict in ('will_send', 'retrying', 'not_due_yet', 'sent' /* now *//* then: , 'expired' */)
    and (b.verdict = 'sent' or b.goes_out_at <= /* now */ greatest(j.goes_out_at, :now) /* then: j.goes_out_at */
        and b.useful_until > /* now */ greatest(j.goes_out_at, :now) /* then: j.goes_out_at */)
left join lateral (
    select case
        when b.notification_key is not null or exists (
            select from :"log".reminders_log x
            where x.notification_key = absorber.notification_key and x.delivery_status = 'delivered'
            offset 0
        ) then absorber.by
    end as by
) as taken on true
