-- The addresses that are suppressed.
select email, reason from notify.suppressions order by email, reason
