-- An address is suppressed from now on; none twice for one reason.
insert into notify.suppressions (email, reason, since)
values (:email::text, :reason::text, :at::timestamptz)
on conflict do nothing
