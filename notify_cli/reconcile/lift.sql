-- An address is gone from the provider's list.
delete from notify.suppressions where email = :email::text and reason = :reason::text
