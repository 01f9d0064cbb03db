-- A row if the reader of a candidate `a` said no to its meeting, and did not say yes too.
select from :"attendance" x
where x.meeting_id = a.meeting_id and x.user_id = a.user_id
having bool_or(x.attending) = false
