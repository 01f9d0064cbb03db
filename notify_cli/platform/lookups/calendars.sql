-- What each member's calendar holds: the newest version of the series that was sent and may have arrived.
select distinct on (l.context #>> '{calendar,series}')
    l.context #>> '{calendar,series}' as series,
    l.context -> 'calendar' as calendar
from :"log".reminders_log l
where l.context ? 'calendar'
    and l.context #>> '{calendar,series}' = any(:series::text[])
order by l.context #>> '{calendar,series}', (l.context #>> '{calendar,sequence}')::int desc
