-- Nobody misses what was due before now: as if every host had swept just now.
update notify.runs set last_swept_at = :now where last_swept_at < :now
