-- Whether the length of a meeting m is one, at most 7 days. For any other the default stands in.
m.duration_minutes between 0 and 10080
