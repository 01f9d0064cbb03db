-- When a candidate `a` goes out where quiet hours are set, and from when it was moved. Half an hour before they begin, if
-- by then its meeting and the reader's membership were known; an evening that was missed, and everything else, when they
-- end, if it is still useful then; else at its time. `offset 0` keeps each step a step: merged into one expression by the
-- planner, they would be computed thousands of times.
select
    settled.at,
    case when settled.at <> a.due_at then a.due_at end as moved_from,
    settled.at <= :now + :shown::interval as is_in_window
-- a zone that the database does not know is UTC, as in the messages; the list of those it knows is made once, if at all
from (
    select case
        when p.timezone = any(array(select z.name from pg_timezone_names z)) then p.timezone else 'UTC'
    end as name
    offset 0
) as zone
left join lateral (
    select m.starts_at, m.created_at from notify.meetings m where m.meeting_id = a.meeting_id limit 1
) as meeting on true
cross join lateral (
    -- not what staff or the platform sent or stored, nor an urgent change of a calendar; nor what is due in a year that no
    -- calendar has, from which nothing can be subtracted
    select a.can_wait and a.user_id is not null and l.delivery_status is distinct from 'delivered'
        and a.due_at > '1900-01-01 00:00:00+00' and a.due_at < '9000-01-01 00:00:00+00'
        and (meeting.starts_at - a.due_at between interval '0' and interval '3 hours') is not true as is_movable
    offset 0
) as kind
cross join lateral (select case when kind.is_movable then a.due_at end as at offset 0) as asked
cross join lateral (
    /* include quiet_hours */
) as night
cross join lateral (
    select night.begins_at - interval '30 minutes' as at offset 0
) as evening
cross join lateral (
    select quiet.begins_at is not null as is_quiet
    from (select evening.at offset 0) as asked
    cross join lateral (
        /* include quiet_hours */
    ) as quiet
) as before
cross join lateral (
    select case
        when night.begins_at is null then a.due_at
        when /* now */ :now < night.begins_at and /* then: */ evening.at < a.due_at and not before.is_quiet
            and a.meeting_id is not null and coalesce(meeting.created_at <= evening.at, true)
            and coalesce(a.joined_at <= evening.at, true) and evening.at >= coalesce(s.since, :now)
            then evening.at
        when night.ends_at < a.useful_until then night.ends_at
        else a.due_at
    end as at
    offset 0
) as first
-- What is late, because nobody has swept or a provider was away, does not go out at night either. Two minutes are no
-- delay: what is due as the hours begin is sent by the sweep that comes next.
cross join lateral (
    select quiet.ends_at
    from (select case when /* now */ kind.is_movable and first.at < :now - interval '2 minutes' /* then: false */ then :now end as at offset 0) as asked
    cross join lateral (
        /* include quiet_hours */
    ) as quiet
) as tonight
cross join lateral (
    select case
        when l.delivery_status = 'delivered' and a.can_wait then coalesce(l.due_at, a.due_at)
        when tonight.ends_at < a.useful_until then tonight.ends_at
        else first.at
    end as at
    offset 0
) as settled
