-- Some time after someone in no course and no group started a lesson and left it unfinished.
-- One per person and lesson: the latest session counts.
select
    s.user_id,
    null as group_id,
    null as meeting_id,
    s.session_id,
    null as occurs_at,
    null as sequence,
    s.started_at + t.due as due_at,
    s.started_at + t.until as useful_until,
    null as joined_at,
    true as active,
    case
        when others.finished or /* now */ s.completed_at is not null /* then: s.completed_at <= greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute' */ then 'lessons_done'
        when others.nudged then 'sent'
        when others.later or belongs.in_course or belongs.in_group then 'not_applicable'
    end as exclusion,
    case
        when others.finished or /* now */ s.completed_at is not null /* then: s.completed_at <= greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute' */ then 'the lesson is finished'
        when others.nudged then 'the nudge for an earlier session of this lesson was sent'
        when belongs.in_course then 'already in a course'
        when belongs.in_group then 'in a group'
        when others.later then 'a later session of this lesson counts'
    end as note
from notify.lesson_sessions s
cross join lateral (
    select
        coalesce(bool_or(
            /* now */ o.completed_at is not null /* then: o.completed_at <= greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute' */
        ), false) as finished,
        coalesce(bool_or(
            (o.started_at, o.session_id) > (s.started_at, s.session_id)
            /* now *//* then: and o.started_at <= greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute' */
        ), false) as later,
        coalesce(bool_or(exists (
            select from :"log".reminders_log l
            where l.delivery_status = 'delivered'
                and l.notification_key = any(array(
                    select format('%s_%s_%s/-/%s/user_%s', t.subject, o.session_id, t.job, method, o.user_id) || :mark::text
                    from unnest(t.methods) as method
                ))
        )), false) as nudged
    from notify.lesson_sessions o
    where o.user_id = s.user_id and o.lesson_id = s.lesson_id and o.session_id <> s.session_id
) as others
cross join lateral (
    select
        exists (
            select from notify.enrolments e
            where e.user_id = s.user_id
                /* now *//* then: and e.enrolled_at <= greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute' */
        ) as in_course,
        -- a platform may put somebody into a group without an enrolment
        exists (
            select from notify.members mb
            where mb.user_id = s.user_id and /* now */ mb.active /* then: mb.joined_at <= greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute'
                and (mb.active or mb.left_at > greatest(s.started_at + t.due, :judged_from::timestamptz) + interval '1 minute') */
        ) as in_group
) as belongs
where s.started_at <= :horizon - t.due
    and s.started_at > :floor - t.until
    and (:user_ids::bigint[] is null or s.user_id = any(:user_ids::bigint[]))
    and :meeting_ids::bigint[] is null
    and :group_ids::bigint[] is null
