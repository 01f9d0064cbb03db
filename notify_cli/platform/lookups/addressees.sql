-- Whose address an email address is, however it is written.
select p.user_id
from notify.people p
where lower(p.email) = lower(:email::text)
