-- When a host has swept last, and what time it is.
select (select max(r.last_swept_at) from notify.runs r) as last_swept_at, :now as now
