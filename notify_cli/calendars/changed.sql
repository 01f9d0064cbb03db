-- The groups in which something is not as it was when the calendars of all its members were last found to be right: the
-- rule behind calendar_update and calendar_cancel, in plain sets. Each group has one sum of integers, of all that the
-- tables say (its meetings, its state, its members) less what its calendars were found right for: nothing has changed
-- where that is 0. Whom it concerns, and what to do, is looked at for the others only. Each sweep runs it, over all that
-- is to come: it reads no past beyond five weeks, and no single meeting is compared.
with planned as materialized (
    select
        m.group_id,
        sum(/* include meeting_hash */) as plan,
        -- the length, which is a week at most, is reckoned for those only that may be going on
        bool_or(
            m.starts_at > :now or (m.starts_at > :now - interval '7 days' and m.starts_at + /* include length */ > :now)
        ) as ahead
    from notify.meetings m
    -- a meeting of no group, or that no calendar can hold, is none
    where m.group_id is not null and m.starts_at > :now - interval '35 days' and /* include /platform/possible_time */
    group by m.group_id
),
held as materialized (
    select
        c.group_id,
        -- cut off where no sum of hashes comes to, so that a damaged row cannot make the sums overflow; without a plan it
        -- is stale, whatever its sums are
        coalesce(
            sum(least(greatest(c.contact, -100000000000000), 100000000000000)) filter (where c.series = 0), 0
        )::bigint as contact,
        least(greatest(max(c.plan), -100000000000000), 100000000000000) as plan,
        -- not looked at yet, or not all of them when the meetings were these, or to be looked at again
        bool_or(c.plan is null) or min(c.plan) <> max(c.plan) or coalesce(min(c.look_at) <= :now, false) as stale
    from notify.calendars c
    where c.rehearsal = :rehearsal::boolean and c.live_until > :now
    group by c.group_id
),
alive as materialized (
    select s.group_id from planned s where s.ahead
    union
    select h.group_id from held h
)
-- put together by the group's id: a join would be planned by estimates of how large these sets are
select one.group_id
from (
    select s.group_id, s.plan as difference, false as counts from planned s
    union all
    select g.group_id, /* include state_hash */, false
    from notify.groups g
    where g.group_id in (select a.group_id from alive a)
    union all
    select mb.group_id, sum(/* include contact_hash */), true
    from notify.members mb
    join notify.people p on p.user_id = mb.user_id
    where mb.group_id in (select a.group_id from alive a)
    group by mb.group_id
    union all
    select h.group_id, - h.contact - h.plan, true from held h
) as one
group by one.group_id
-- a group of nobody, whose meetings no calendar holds, concerns nobody
having bool_or(one.counts) and sum(one.difference) <> 0
union
select h.group_id from held h where h.stale
