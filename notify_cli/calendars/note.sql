-- Put down what was found where nothing is to be sent now, so that the next sweep need not look again. A member who has
-- no row gets one. Not where somebody has written the row since it was read.
insert into notify.calendars as c (
    group_id, user_id, rehearsal, series, revision, plan, contact, look_at, live_until, differs, differs_since,
    possible_at
)
select
    n.group_id, n.user_id, :rehearsal::boolean, n.series, n.revision + 1, n.plan, n.contact, n.look_at, n.live_until,
    n.differs, n.differs_since, n.possible_at
from unnest(
    :group_ids::bigint[], :user_ids::bigint[], :series::smallint[], :revisions::int[], :plans::bigint[],
    :contacts::bigint[], :look_ats::timestamptz[], :live_untils::timestamptz[], :differs::bigint[],
    :differs_sinces::timestamptz[], :possible_ats::timestamptz[]
) as n (group_id, user_id, series, revision, plan, contact, look_at, live_until, differs, differs_since, possible_at)
-- in one order, so that two runs cannot deadlock
order by n.group_id, n.user_id, n.series
on conflict (group_id, user_id, rehearsal, series) do update
set revision = excluded.revision, plan = excluded.plan, contact = excluded.contact, look_at = excluded.look_at,
    live_until = greatest(c.live_until, excluded.live_until), differs = excluded.differs,
    differs_since = excluded.differs_since, possible_at = excluded.possible_at
where c.revision = excluded.revision - 1
