-- How long a meeting lasts, for sums of times that nothing can make overflow: a week at most.
make_interval(mins => case when /* include /platform/possible_length */ then m.duration_minutes else :meeting_minutes::int end)
