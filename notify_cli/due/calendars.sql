-- What due/calendars.py found about members' calendars, as candidates for the frame of verdict.sql.
select
    c.job_id, c.occurrence, c.reminder_type, array[c.method] as methods, c.user_id, c.group_id,
    null::bigint as meeting_id, c.due_at, c.useful_until, null::timestamptz as joined_at, true as active,
    c.exclusion, c.note, c.outlives_group,
    -- what a calendar should show has no time before which it does not count
    false as by_rule, c.can_wait
from unnest(
    :calendar_job_ids::text[], :calendar_occurrences::text[], :calendar_types::text[], :calendar_methods::text[],
    :calendar_user_ids::bigint[], :calendar_group_ids::bigint[], :calendar_due_ats::timestamptz[],
    :calendar_useful_untils::timestamptz[], :calendar_exclusions::text[], :calendar_notes::text[],
    :calendar_outlive_groups::boolean[], :calendar_can_wait::boolean[]
) as c (
    job_id, occurrence, reminder_type, method, user_id, group_id, due_at, useful_until, exclusion, note, outlives_group,
    can_wait
)
