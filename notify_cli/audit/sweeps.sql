-- When each host has swept last, the last first.
select r.host, r.last_swept_at from notify.runs r order by r.last_swept_at desc, r.host
