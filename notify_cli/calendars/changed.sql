-- The groups in which something is not as it was when the calendars of all its members were last found to be right: the
-- rule behind calendar_update and calendar_cancel, in plain sets. Group by group, by sums of integers: whom it
-- concerns, and what to do, is looked at for these few only. Each sweep runs it, over all that is to come: it reads no
-- past beyond five weeks, and no single meeting is compared.
with planned as materialized (
    select
        m.group_id,
        sum(/* include meeting_hash */) as plan,
        max(m.starts_at + /* include length */) as ends_at
    from notify.meetings m
    -- a meeting of no group, or that no calendar can hold, is none
    where m.group_id is not null and m.starts_at > :now - interval '35 days' and /* include /platform/possible_time */
    group by m.group_id
),
held as materialized (
    select
        c.group_id,
        sum(c.contact) filter (where c.series = 0) as contact,
        min(c.plan) as lowest, max(c.plan) as highest, bool_or(c.plan is null) as unseen,
        min(c.look_at) as look_at
    from notify.calendars c
    where c.rehearsal = :rehearsal::boolean and c.live_until > :now
    group by c.group_id
),
present as materialized (
    select mb.group_id, sum(/* include contact_hash */) as contact
    from notify.members mb
    join notify.people p on p.user_id = mb.user_id
    where mb.group_id in (select s.group_id from planned s where s.ends_at > :now union select h.group_id from held h)
    group by mb.group_id
),
-- one row per group, put together by its id: a join would be planned by estimates of how large these sets are
together as (
    select
        one.group_id,
        max(one.plan) as plan, max(one.present) as present, max(one.contact) as contact,
        max(one.lowest) as lowest, max(one.highest) as highest, bool_or(one.unseen) as unseen,
        max(one.look_at) as look_at
    from (
        select s.group_id, s.plan, null::bigint as present, null::numeric as contact,
            null::bigint as lowest, null::bigint as highest, null::boolean as unseen, null::timestamptz as look_at
        from planned s
        union all
        select h.group_id, null, null, h.contact, h.lowest, h.highest, h.unseen, h.look_at from held h
        union all
        select p.group_id, null, p.contact, null, null, null, null, null from present p
    ) as one
    group by one.group_id
    having count(one.present) + count(one.contact) > 0
)
select t.group_id
from together t
left join notify.groups g on g.group_id = t.group_id
where t.present is distinct from t.contact
    or t.unseen
    or t.look_at <= :now
    or t.lowest is distinct from (coalesce(t.plan, 0) # /* include state_hash */)
    or t.highest is distinct from (coalesce(t.plan, 0) # /* include state_hash */)
