-- The id of this installation, which is part of the UIDs in people's calendars.
select replace(i.id::text, '-', '') as id from notify.installation i
