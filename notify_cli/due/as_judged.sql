-- The candidates as they are judged, where no type has the content of another.
select j.*, j.verdict as said, j.reason as said_because from judged j
