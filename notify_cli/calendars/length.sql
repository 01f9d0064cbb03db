-- How long a meeting lasts, for sums of times that nothing can make overflow: a week at most.
make_interval(mins => least(greatest(coalesce(m.duration_minutes, :meeting_minutes::int), 0), 10080)::int)
