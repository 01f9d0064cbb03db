-- An address is gone from the provider's list.
delete from notify.suppressions where email = any(:emails::text[]) and reason = :reason::text
