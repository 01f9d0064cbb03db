-- When a candidate `a` goes out: at its time, where there are no quiet hours.
select a.due_at as at, null::timestamptz as moved_from, true as is_in_window
