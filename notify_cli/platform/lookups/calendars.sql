-- What each member's calendar holds: the newest version of the series that was sent and may have arrived.
select distinct on (l.series) l.series, l.calendar
from (
    select
        l.context -> 'calendar' as calendar,
        l.context #>> '{calendar,series}' as series,
        l.context #>> '{calendar,sequence}' as sequence,
        l.context #>> '{calendar,until}' as until
    from :"log".reminders_log l
    where l.notification_key is not null
        and l.context ? 'calendar'
        and l.context #>> '{calendar,series}' = any(:series::text[])
    offset 0
) as l
where /* include ../../log/whole_version */
order by l.series, l.sequence::int desc
