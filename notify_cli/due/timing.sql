-- What was read from the messages files of this digest, if it was, and when a host has swept last, if one has.
select
    (select t.compiled from notify.timing t where t.digest = :digest::text) as compiled,
    (select max(r.last_swept_at) from notify.runs r) as last_swept_at,
    :now as now
