-- What was read from the messages files of this digest.
select compiled from notify.timing where digest = :digest::text
