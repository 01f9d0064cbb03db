-- All meetings of groups, past ones too: their rank is the meeting's number unless the view gives one.
select
    m.meeting_id, m.group_id, m.starts_at, m.join_url,
    case when /* include ../possible_length */ then m.duration_minutes else :meeting_minutes::int end as duration_minutes,
    coalesce(m.number, rank() over (partition by m.group_id order by m.starts_at, m.meeting_id))::int as number
from notify.meetings m
where m.group_id = any(:group_ids::bigint[]) and m.meeting_id is not null and /* include ../possible_time */
order by m.group_id, m.starts_at, m.meeting_id
