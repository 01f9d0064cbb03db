-- The candidates, where types have the content of others (`absorbs`). Of two that are due to one reader by one method about
-- one meeting, only the one that has both goes out: while it may still go out the other waits, and once it has, the other
-- never does. If it fails or comes to nothing, the other is due again.
with absorber as (
    select
        j.notification_key as absorbed, j.goes_out_at as absorbed_at, t.name as by, concat_ws('/',
            concat_ws('_', t.subject, j.meeting_id, t.job), j.occurrence, j.method, 'user_' || j.user_id
        ) || :mark::text as notification_key
    from judged j
    join (/* include types */) as t on t.absorbs = j.reminder_type
    where j.by_rule and j.user_id is not null and j.meeting_id is not null
        and j.verdict in ('will_send', 'retrying', 'not_due_yet' /* now *//* then: , 'expired' */)
),
taken as (
    select x.absorbed, min(x.by) as by
    from absorber x
    left join judged b on b.notification_key = x.notification_key and b.by_rule
        and b.verdict in ('will_send', 'retrying', 'not_due_yet', 'sent' /* now *//* then: , 'expired' */)
        and (b.verdict = 'sent' or b.goes_out_at <= /* now */ greatest(x.absorbed_at, :now) /* then: x.absorbed_at */
            and b.useful_until > /* now */ greatest(x.absorbed_at, :now) /* then: x.absorbed_at */)
    where b.notification_key is not null or exists (
        select from :"log".reminders_log l
        where l.notification_key = x.notification_key and l.delivery_status = 'delivered'
        offset 0
    )
    group by x.absorbed
)
select
    j.*,
    case when taken.by is null then j.verdict else 'absorbed' end as said,
    case when taken.by is null then j.reason else 'what it says is in ' || taken.by end as said_because
from judged j
left join taken on taken.absorbed = j.notification_key
    and j.verdict in ('will_send', 'retrying', 'not_due_yet' /* now *//* then: , 'expired' */)
