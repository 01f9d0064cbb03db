-- Whose address one of these email addresses is, however it is written.
select p.user_id, p.email
from notify.people p
where lower(p.email) in (select lower(one) from unnest(:emails::text[]) as one)
