-- When a whole version l has nothing more to come. From the first of its month: a 31st of February is no error then.
(left(l.until, 8) || '01' || substr(l.until, 11))::timestamptz + make_interval(days => substr(l.until, 9, 2)::int - 1)
