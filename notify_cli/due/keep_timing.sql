-- Keep what was read from the messages files of this digest.
insert into notify.timing (digest, compiled) values (:digest::text, :compiled::jsonb)
on conflict (digest) do update set compiled = excluded.compiled
