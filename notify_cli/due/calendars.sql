-- What due/calendars.py found about members' calendars, as candidates for the frame of verdict.sql.
select
    c.job_id, c.occurrence, c.reminder_type, array[c.method] as methods, who.user_id, c.group_id,
    null::bigint as meeting_id, c.due_at, c.useful_until, null::timestamptz as joined_at, true as active,
    c.exclusion, c.note, c.outlives_group,
    -- what a calendar should show has no time before which it does not count
    false as by_rule, c.can_wait
from jsonb_to_recordset(:calendar_sightings::jsonb) as c (
    job_id text, occurrence text, reminder_type text, method text, user_ids bigint[], group_id bigint,
    due_at timestamptz, useful_until timestamptz, exclusion text, note text, outlives_group boolean, can_wait boolean
)
cross join lateral unnest(c.user_ids) as who (user_id)
