-- Whether a meeting m is at a time that calendars can hold; views.sql draws the same line. Any other is no meeting, also
-- where a platform's own views let it through: sums with such a time would raise, and stop everybody's messages.
m.starts_at > '1900-01-01 00:00:00+00' and m.starts_at < '9000-01-01 00:00:00+00'
