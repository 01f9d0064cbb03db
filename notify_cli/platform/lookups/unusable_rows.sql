-- Rows of the views that cost a message: which, and why. Nothing here quotes what they hold.
select found.source, coalesce(found.id, 'without an id') as id, found.reason
from (
    select 'meeting' as source, m.meeting_id::text as id, 'it has no time that a calendar can hold' as reason
    from notify.meetings m
    where not (
        /* include ../possible_time */
    )
    union all
    select 'meeting', m.meeting_id::text, 'its length is not between 0 minutes and 7 days'
    from notify.meetings m
    where not (
        /* include ../possible_length */
    )
    union all
    select 'meeting', m.meeting_id::text, 'its created_at is infinite'
    from notify.meetings m
    where not isfinite(m.created_at)
    union all
    select 'member', format('user %s of group %s', m.user_id, m.group_id), 'joined_at or left_at is infinite'
    from notify.members m
    where not isfinite(m.joined_at) or not isfinite(m.left_at)
    union all
    select 'enrolment', format('of user %s', e.user_id), 'enrolled_at is infinite'
    from notify.enrolments e
    where not isfinite(e.enrolled_at)
    union all
    select 'lesson session', s.session_id::text, 'started_at or completed_at is infinite'
    from notify.lesson_sessions s
    where not isfinite(s.started_at) or not isfinite(s.completed_at)
    union all
    select 'person', p.user_id::text, 'the name is empty: messages say "there"'
    from notify.people p
    where nullif(btrim(p.name, E' \t\r\n'), '') is null
) as found
order by found.source, found.reason, length(found.id), found.id
