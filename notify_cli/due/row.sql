-- The row that every file in rules/ gives, and what its type (types.sql, t) adds to make it a candidate. Columns are
-- taken by their names and cast: their order in a rule's file does not matter, and one that is missing or of another
-- type is an error that names the rule.
--
--   user_id       bigint       the reader; null for a post in the channel of group_id, and where nobody is there to read
--   group_id      bigint       what the message is about; null where it is about no group, no meeting, no trial session
--   meeting_id    bigint
--   session_id    bigint
--   occurs_at     timestamptz  what tells one time from another within the job: the meeting's start, the time of joining
--   sequence      int          the same for a calendar; both null for what happens once
--   due_at        timestamptz
--   useful_until  timestamptz
--   joined_at     timestamptz  who joined after due_at does not get the message; null where that does not matter
--   active        boolean      whether the reader belongs to what the message is about
--   exclusion     text         the verdict that keeps it from going out; null: nothing does
--   note          text         the reason for that in words
select
    concat_ws('_', t.subject, case t.subject
        when 'user' then rule.user_id::bigint
        when 'group' then rule.group_id::bigint
        when 'meeting' then rule.meeting_id::bigint
        when 'trial' then rule.session_id::bigint
    end, t.job) as job_id,
    coalesce(
        'seq' || rule.sequence::int,
        to_char(rule.occurs_at::timestamptz at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'),
        '-'
    ) as occurrence,
    t.name as reminder_type,
    t.methods,
    rule.user_id::bigint as user_id,
    rule.group_id::bigint as group_id,
    rule.meeting_id::bigint as meeting_id,
    rule.due_at::timestamptz as due_at,
    rule.useful_until::timestamptz as useful_until,
    rule.joined_at::timestamptz as joined_at,
    rule.active::boolean as active,
    rule.exclusion::text as exclusion,
    rule.note::text as note,
    t.outlives_group,
    true as by_rule,
    true as can_wait
from (/* include types */) as t
cross join lateral (/* rule */) as rule
where t.rule = :'rule'
