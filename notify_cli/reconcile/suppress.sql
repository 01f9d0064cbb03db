-- An address is suppressed from now on, however the platform spells it; none twice for one reason.
insert into notify.suppressions (email, reason, since)
select one, :reason::text, :at::timestamptz
from unnest(:emails::text[]) as one
on conflict do nothing
