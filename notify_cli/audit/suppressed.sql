-- How many people have an address to which the email provider does not deliver any more.
select count(*) as count
from notify.people p
where exists (select from notify.suppressions s where lower(s.email) = lower(p.email))
