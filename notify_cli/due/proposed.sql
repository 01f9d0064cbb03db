-- Messages that somebody is about to send or store, judged before the log knows of them: by the same conditions, under
-- job ids that no row can have.
select
    format('/%s', given.number) as job_id,
    '-' as occurrence,
    :reminder_type::text as reminder_type,
    array[given.method] as methods,
    given.user_id,
    given.group_id,
    given.meeting_id,
    :due_at::timestamptz as due_at,
    given.useful_until,
    null::timestamptz as joined_at,
    given.user_id is null or given.group_id is null or exists (
        select from notify.members mb
        where mb.group_id = given.group_id and mb.user_id = given.user_id and mb.active
    ) as active,
    null as exclusion,
    null as note,
    false as outlives_group,
    false as by_rule,
    false as can_wait
from unnest(
    :given_methods::text[], :given_user_ids::bigint[], :given_group_ids::bigint[], :given_meeting_ids::bigint[],
    :useful_untils::timestamptz[]
)
    with ordinality as given (method, user_id, group_id, meeting_id, useful_until, number)
