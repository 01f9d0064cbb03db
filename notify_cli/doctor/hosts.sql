-- When each host has swept last, and whether that is too long ago.
select host, last_swept_at, last_swept_at < now() - interval '15 minutes' as stopped, now() as now
from notify.runs
order by last_swept_at desc, host
