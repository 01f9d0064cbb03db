-- After a restore calendars may have seen later versions than the rows know of: the next ones go on above all of those.
update notify.calendars
set sequence = sequence + :numbers::int, revision = revision + 1
-- a version that may have arrived is repeated to the byte, under its own number
where certain and rehearsal = :rehearsal::boolean
