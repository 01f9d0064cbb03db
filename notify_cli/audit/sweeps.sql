-- When each host has swept last, the last first, and what time it is.
select r.host, r.last_swept_at, :now as now from notify.runs r order by r.last_swept_at desc, r.host
